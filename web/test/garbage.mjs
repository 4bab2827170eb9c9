// A picture makes no garbage but what a browser makes of it: the message, its event, and a view of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { untilLive } from '../harness/strip.mjs';

const SECONDS = 12;
/** Views of the message and boxed numbers of the clock are a few hundred bytes; one view more a picture would be seen. */
const MOST_BYTES_A_PICTURE = 1024;

/** Bytes that the page's own scripts asked for, by function, from a sampling heap profile. */
function ours(node, bytes = new Map()) {
  const { functionName, url } = node.callFrame;
  const file = /\/(live|wasm|paint|trial|silence|presented)\.js$/.exec(url);
  if (file) {
    const name = `${file[1]}.js ${functionName}`;
    bytes.set(name, (bytes.get(name) || 0) + node.selfSize);
  }
  node.children.forEach((child) => ours(child, bytes));
  return bytes;
}

describe('garbage', { timeout: 120_000 }, () => {
  for (const paint of ['2d', 'webgl']) {
    it(`of a picture by ${paint}`, async (test) => {
      const program = await startProgram([], test);
      // In the page, where the profiler sees it; a worker runs the same scripts.
      const browser = await startChromium({ init: () => { delete window.OffscreenCanvas; } });
      test.after(() => browser.close());
      const page = await browser.open(`${program.url}?paint=${paint}`);
      if (paint === '2d') await untilLive(page);
      await page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), 5000);
      const pictures = async () => (await (await fetch(new URL('/stats', program.url))).json()).viewers[0].pictures_sent;
      const devtools = await page.devtools();
      const collected = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
      await devtools.send('HeapProfiler.enable');
      await devtools.send('HeapProfiler.startSampling', { samplingInterval: 64, ...collected });
      const before = await pictures();
      await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
      const count = await pictures() - before;
      const { profile } = await devtools.send('HeapProfiler.stopSampling');
      const bytes = ours(profile.head);
      const each = [...bytes.values()].reduce((sum, size) => sum + size, 0) / count;
      test.diagnostic(`${each.toFixed(0)} bytes a picture, of ${count}: ${JSON.stringify([...bytes])}`);
      assert.ok(count > 50, `${count} pictures`);
      assert.ok(bytes.size > 0, 'the profiler sees the scripts');
      assert.ok(each < MOST_BYTES_A_PICTURE, `${each} bytes a picture: ${JSON.stringify([...bytes])}`);
    });
  }
});
