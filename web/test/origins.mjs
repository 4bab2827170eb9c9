// Where the page may live: on an address that browsers do not trust, as a Pi's on a home network, and behind a proxy.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { untilLive, watch } from '../harness/strip.mjs';

/** A reverse proxy that has the program under `prefix`, and nothing else. */
async function startProxy(prefix, port) {
  const inner = (url) => url.startsWith(prefix) ? url.slice(prefix.length - 1) : null;
  const server = http.createServer((request, response) => {
    const path = inner(request.url);
    if (path === null) {
      response.writeHead(404).end();
      return;
    }
    const options = { host: '127.0.0.1', port, path, method: request.method, headers: request.headers };
    const onward = http.request(options, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket, head) => {
    const path = inner(request.url);
    if (path === null) {
      socket.destroy();
      return;
    }
    const onward = net.connect(port, '127.0.0.1', () => {
      const headers = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2) headers.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      onward.write(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => { onward.destroy(); socket.destroy(); });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function goesOn(page) {
  await untilLive(page);
  const seen = await watch(page, 2000);
  assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
  assert.deepEqual(page.faults, []);
}

describe('origins', { timeout: 120_000 }, () => {
  it('plays on a plain http address that is not this machine’s', async (test) => {
    const program = await startProgram([], test);
    const browser = await startChromium({ flags: ['--host-resolver-rules=MAP camera.test 127.0.0.1'] });
    test.after(() => browser.close());
    const page = await browser.open(`http://camera.test:${program.port}/`);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    await goesOn(page);
  });

  it('plays behind a reverse proxy under a path', async (test) => {
    const program = await startProgram([], test);
    const proxy = await startProxy('/garden/camera/', program.port);
    const browser = await startChromium();
    test.after(async () => {
      await browser.close();
      proxy.closeAllConnections();
      proxy.close();
    });
    const page = await browser.open(`http://127.0.0.1:${proxy.address().port}/garden/camera/index.html`);
    await goesOn(page);
  });
});
