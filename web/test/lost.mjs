// A canvas whose WebGL is taken away: another one takes its place, and nobody sees it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram, stopProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { VIEWPORT, startScreencast } from '../harness/screencast.mjs';
import { between } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

// A test gets at the context by a channel: it may be in a worker.
const losable = () => {
  const prototype = (self.document ? HTMLCanvasElement : OffscreenCanvas).prototype;
  const original = prototype.getContext;
  let newest = null;
  prototype.getContext = function (...given) {
    const context = original.apply(this, given);
    if (given[0] === 'webgl') newest = context;
    return context;
  };
  new BroadcastChannel('lose').onmessage = () => newest.getExtension('WEBGL_lose_context').loseContext();
};
const withoutWorker = () => { delete window.OffscreenCanvas; };

/** To be evaluated in a page. */
const lose = () => {
  window.lost = document.querySelector('canvas');
  new BroadcastChannel('lose').postMessage('');
};
const isReplaced = () => {
  const canvases = document.querySelectorAll('canvas');
  return canvases.length === 1 && canvases[0] !== window.lost;
};
const isPlaying = () => document.getElementById('stage').classList.contains('playing');
const figures = () => JSON.parse(document.getElementById('overlay').dataset.figures || '{}');

describe('WebGL that is taken away', { timeout: 180_000 }, () => {
  let program, proxy;
  before(async () => {
    program = await startProgram();
    proxy = await startProxy(program.port, { inWorker: losable });
  });
  after(async () => {
    if (proxy) proxy.close();
    if (program) await stopProgram(program);
  });

  for (const [where, init] of [['in a worker', null], ['in the page', `(${losable})(); (${withoutWorker})();`]]) {
    it(`${where} is had again, and given up when it is taken away again and again; no frame is without a picture`, async (test) => {
      const browser = await startChromium({ init });
      test.after(() => browser.close());
      const page = await browser.open(`http://127.0.0.1:${proxy.port}/index.html?paint=webgl`, VIEWPORT);
      await until('a picture', () => page.evaluate(isPlaying));
      await page.press('s');
      if (await until('figures', async () => (await page.evaluate(figures)).painter) !== 'WebGL') {
        test.skip('THIS CHROMIUM HAS NO WEBGL: nothing of it was tested');
        return;
      }
      const screencast = await startScreencast(page);
      const more = (count) => {
        const enough = screencast.frames() + count;
        return until(`${count} frames more`, () => screencast.frames() >= enough);
      };
      await more(10);
      for (const expected of ['WebGL', 'WebGL', '2D']) {
        await page.evaluate(lose);
        await until('another canvas', () => page.evaluate(isReplaced));
        await until(`painting by ${expected}`, async () => (await page.evaluate(figures)).painter === expected);
        assert.equal(await page.evaluate(isPlaying), true, 'the connection is still the same');
        assert.equal((await page.evaluate(figures)).missed, 0);
        await more(10);
      }
      const sights = await screencast.end();
      // The first may be of before there was nothing but the picture.
      const seen = sights.slice(2);
      const blank = seen.filter(({ stamp }) => stamp === null).length;
      assert.equal(blank, 0, `of ${seen.length} frames`);
      seen.slice(1).forEach(({ stamp }, index) => {
        const step = between(seen[index].stamp, stamp);
        assert.ok(step >= 0, `a picture ${-step} ms older than the one before it, frame ${index + 1} of ${seen.length}`);
      });
      const { stamp, now } = seen[seen.length - 1];
      assert.ok(Math.abs(between(stamp, now)) < 2000, `${between(stamp, now)} ms old at the end`);
      assert.deepEqual(page.faults, []);
    });
  }
});
