// The rival's server: takes FFmpeg's MPEG-TS as the body of a POST and hands each piece on to every viewer, as JSMpeg's
// own example of a relay does. Serves the page too. Prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { WebSocketServer } from 'ws';

const player = createRequire(import.meta.url).resolve('@cycjimmy/jsmpeg-player').replace('.cjs', '.umd.min.js');
const files = new Map([
  ['/', ['text/html; charset=utf-8', readFileSync(new URL('page.html', import.meta.url))]],
  ['/player.js', ['text/javascript', readFileSync(player)]],
]);

const viewers = new WebSocketServer({ noServer: true, perMessageDeflate: false });

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    request.socket.setTimeout(0);
    request.on('data', (piece) => viewers.clients.forEach((viewer) => viewer.send(piece)));
    request.on('end', () => response.end());
    return;
  }
  const [type, body] = files.get(new URL(request.url, 'http://localhost').pathname) ?? [];
  response.writeHead(body ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(body);
});
server.on('upgrade', (request, socket, head) => {
  socket.setNoDelay(true);
  // A viewer that is gone is no reason to end.
  viewers.handleUpgrade(request, socket, head, (viewer) => viewer.on('error', () => {}));
});
server.listen(0, process.argv[2] || '127.0.0.1', () => console.log(server.address().port));
