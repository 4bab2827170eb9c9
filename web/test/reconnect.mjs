// The page comes back by itself, quickly, and however often.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { untilLive } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

const OFTEN = 1000;
/** Let pass before the first count: caches fill. */
const FIRST = 100;
/** Heap that may come and go by chance, in bytes; a leak of one picture's buffers a time would be a hundred times that. */
const LEEWAY = 4 << 20;

/** Runs in the page before its scripts: there is no worker then, so that a test can count what the page has. */
function countInPage() {
  delete window.OffscreenCanvas;
  const Original = window.WebSocket;
  window.sockets = [];
  window.made = 0;
  window.WebSocket = class extends Original {
    constructor(...given) {
      super(...given);
      window.made += 1;
      window.sockets = window.sockets.filter((socket) => socket.readyState <= 1);
      window.sockets.push(this);
    }
  };
}

async function behindProxy(test, init) {
  const program = await startProgram([], test);
  const proxy = await startProxy(program.port);
  const browser = await startChromium({ init, flags: ['--js-flags=--expose-gc', '--enable-precise-memory-info'] });
  test.after(async () => {
    await browser.close();
    proxy.close();
  });
  const page = await browser.open(`http://127.0.0.1:${proxy.port}/`);
  await untilLive(page);
  return { page, proxy };
}

describe('coming back', { timeout: 600_000 }, () => {
  it('a network that failed without a word and is back: a new connection, though the old one is silent still', async (test) => {
    const { page, proxy } = await behindProxy(test, null);
    proxy.fail();
    await until('words', () => page.evaluate(() => /lost.*Reconnecting/.test(document.getElementById('trouble').textContent)));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    proxy.mend();
    await untilLive(page, 1000);
    await until('no words', () => page.evaluate(() => document.getElementById('trouble').hidden));
  });

  it('a connection that is cut is made again at once when the network says that it is back', async (test) => {
    const { page, proxy } = await behindProxy(test, countInPage);
    const made = await page.evaluate(() => window.made);
    proxy.cut();
    await until('that it is noticed', () => page.evaluate(() => window.sockets.every((socket) => socket.readyState > 1)));
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    assert.equal(await page.evaluate(() => window.made), made + 1, 'in the same task');
    await untilLive(page, 1000);
  });

  it(`${OFTEN} times, and nothing is left over`, async (test) => {
    const { page, proxy } = await behindProxy(test, countInPage);
    const again = (times) => page.evaluate(async (count) => {
      const wait = () => new Promise((resolve) => setTimeout(resolve, 1));
      for (let n = 0; n < count; n++) {
        const socket = window.sockets[window.sockets.length - 1];
        socket.close();
        while (socket.readyState < 3) await wait();
        window.dispatchEvent(new Event('online'));
        while (!window.sockets.some((one) => one.readyState === 1)) await wait();
      }
    }, times);
    const count = () => page.evaluate(() => {
      window.gc();
      return {
        heap: performance.memory.usedJSHeapSize,
        sockets: window.sockets.filter((socket) => socket.readyState <= 1).length,
        canvases: document.querySelectorAll('canvas').length,
      };
    });
    await again(FIRST);
    await untilLive(page);
    const before = await count();
    await again(OFTEN - FIRST);
    await untilLive(page);
    const after = await count();
    assert.deepEqual([after.sockets, after.canvases], [1, 1]);
    await until('the server’s side to be closed', () => proxy.tunnels() === 1);
    assert.ok(after.heap < before.heap + LEEWAY, `${before.heap} bytes, then ${after.heap}`);
    assert.ok(await page.evaluate(() => window.made) > OFTEN, 'connections were made');
  });
});
