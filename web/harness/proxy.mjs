// A reverse proxy before the program: under a path, with headers of its own, or as a network that fails.
//
// Here belongs: what lies between a browser and the program. Not here: shaping of links, what is asserted.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

/**
 * Has the program on `port` under `prefix`, and nothing else; `headers` are added to what it answers; `inWorker` is a
 * function that each worker runs before its own script; `upgrades`: whether it passes WebSockets on, as few do untold. `fail()`: from now
 * on nothing comes through, and nothing is told either; `mend()`: new connections come through again, old ones never.
 */
export async function startProxy(port, { prefix = '/', headers = {}, inWorker = null, upgrades = true } = {}) {
  const tunnels = new Set();
  let failing = false;
  const inner = (url) => url.startsWith(prefix) ? url.slice(prefix.length - 1) : null;

  const server = http.createServer((request, response) => {
    const path = inner(request.url);
    if (failing) return;
    if (path === null) {
      response.writeHead(404).end();
      return;
    }
    const { upgrade, connection, ...others } = request.headers;
    const options = { host: '127.0.0.1', port, path, method: request.method, headers: others };
    const onward = http.request(options, (answer) => {
      const before = inWorker && path.endsWith('/worker.js') ? `(${inWorker})();` : '';
      const length = before && { 'content-length': Number(answer.headers['content-length']) + before.length };
      response.writeHead(answer.statusCode, { ...answer.headers, ...headers, ...length });
      response.write(before);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });

  // Without a listener they are requests as others.
  if (upgrades) server.on('upgrade', (request, socket, head) => {
    const path = inner(request.url);
    if (failing) return;
    if (path === null) {
      socket.destroy();
      return;
    }
    const onward = net.connect(port, '127.0.0.1', () => {
      const lines = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      onward.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    const tunnel = [onward, socket];
    tunnels.add(tunnel);
    for (const end of tunnel) {
      end.on('error', () => tunnel.forEach((other) => other.destroy()));
      end.on('close', () => tunnels.delete(tunnel));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: server.address().port,
    /** WebSockets that are open through it. */
    tunnels: () => tunnels.size,
    fail() {
      failing = true;
      for (const [onward, socket] of tunnels) {
        onward.unpipe(socket);
        socket.unpipe(onward);
      }
    },
    mend() { failing = false; },
    /** Cuts all WebSockets. */
    cut() {
      for (const [onward, socket] of tunnels) {
        onward.destroy();
        socket.destroy();
      }
    },
    close() {
      this.cut();
      server.closeAllConnections();
      server.close();
    },
  };
}
