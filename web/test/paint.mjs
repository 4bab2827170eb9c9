// The two painters show the same, which of them paints can be said, and the quicker one is found out and remembered.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { startProgram, stopProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { between, readStrip, untilLive, watch } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

/** The pattern's bars, of 75 %: white, yellow, cyan, green, magenta, red, blue, black. */
const BARS = [7, 6, 3, 2, 5, 4, 1, 0].map((bits) => [4, 2, 1].map((bit) => bits & bit ? 191 : 0));
/** What coding may change, and rounding. */
const MOST_OFF = 4;

/** To be evaluated in a page: R, G, B of the middles of the pattern's eight colour bars, above its clock strip. */
function readBars() {
  const canvas = document.querySelector('canvas');
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const bar = canvas.width / 8;
  return Array.from({ length: 8 }, (_, i) => Array.from(context.getImageData((i + 0.5) * bar, canvas.height - 36, 1, 1).data));
}

/** To be evaluated in a page. */
const remembered = () => [localStorage.getItem('pistreaming.paint'), localStorage.getItem('pistreaming.paint.size')];
const hasWebgl = () => new OffscreenCanvas(1, 1).getContext('webgl') !== null;

/** What the overlay says of the painter. */
async function painter(page) {
  await page.press('s');
  const said = await until('figures', () => page.evaluate(() => document.getElementById('overlay').dataset.figures));
  return JSON.parse(said).painter;
}

describe('painting', { timeout: 180_000 }, () => {
  let program, browser, webgl;
  before(async () => {
    program = await startProgram();
    browser = await startChromium();
    const page = await browser.open(program.url);
    webgl = await page.evaluate(hasWebgl);
    await page.close();
  });
  after(async () => {
    if (browser) await browser.close();
    if (program) await stopProgram(program);
  });

  const needsWebgl = (test) => {
    if (!webgl) test.skip('THIS CHROMIUM HAS NO WEBGL: nothing of it was tested');
    return webgl;
  };

  it('WebGL shows the pattern’s clock, and its bars as 2D does', async (test) => {
    if (!needsWebgl(test)) return;
    const bars = {};
    for (const paint of ['2d', 'webgl']) {
      const page = await browser.open(program.url + '?paint=' + paint);
      await untilLive(page);
      const seen = await watch(page, 3000);
      const unreadable = seen.filter(({ stamp }) => stamp === null).length;
      assert.equal(unreadable, 0, `${paint}: of ${seen.length} looks`);
      for (const { stamp, now } of seen) assert.ok(Math.abs(between(stamp, now)) < 2000, `${between(stamp, now)} ms old`);
      assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
      bars[paint] = await page.evaluate(readBars);
      assert.equal(await painter(page), paint === '2d' ? '2D' : 'WebGL');
      assert.deepEqual(page.faults, []);
      await page.close();
    }
    assert.ok(bars['2d'][0].every((value) => value > 150), `the first bar is white: ${bars['2d'][0]}`);
    bars['2d'].forEach((expected, bar) => expected.forEach((value, channel) => {
      const got = bars.webgl[bar][channel];
      assert.ok(Math.abs(got - value) <= 4, `bar ${bar}: ${bars.webgl[bar]} by WebGL, ${expected} by 2D`);
    }));
  });

  it('colours are those of BT.601 in video range, however they are computed', async (test) => {
    const firefox = await startFirefox();
    test.after(() => firefox.close());
    const ways = ['?paint=2d', '?paint=2d&simd=no', '?paint=webgl', '?paint=webgl&simd=no'].filter((way) => webgl || !way.includes('webgl'));
    for (const [there, way] of [...ways.map((way) => [browser, way]), [firefox, '?paint=2d'], [firefox, '?paint=2d&simd=no']]) {
      const page = await there.open(program.url + way);
      await untilLive(page);
      // The first picture may be a coarse one.
      const off = () => page.evaluate(readBars).then((bars) => Math.max(...bars.map((bar, index) =>
        Math.max(...bar.slice(0, 3).map((value, channel) => Math.abs(value - BARS[index][channel]))))));
      let least = 255;
      await until(`colours within ${MOST_OFF} by ${there.name} with ${way}, not ${least}`, async () => {
        least = Math.min(least, await off());
        return least <= MOST_OFF;
      });
      assert.equal(await painter(page), way.includes('webgl') ? 'WebGL' : '2D');
      await page.close();
    }
  });

  it('a picture whose size is odd is cut to it', async (test) => {
    if (!needsWebgl(test)) return;
    const odd = await startProgram(['--size', '651x363'], test);
    const bars = {};
    for (const paint of ['2d', 'webgl']) {
      const page = await browser.open(odd.url + '?paint=' + paint);
      await untilLive(page);
      bars[paint] = await page.evaluate(readBars);
      await page.close();
    }
    bars['2d'].forEach((expected, bar) => expected.forEach((value, channel) => {
      assert.ok(Math.abs(bars.webgl[bar][channel] - value) <= 4, `bar ${bar}: ${bars.webgl[bar]}, ${expected} by 2D`);
    }));
  });

  /** Has WebGL taken for quick, as it would be with a graphics processor, so that it is tried. */
  const takenForQuick = () => {
    const original = OffscreenCanvas.prototype.getContext;
    OffscreenCanvas.prototype.getContext = function (kind, attributes) {
      if (kind === 'webgl') self.tried = attributes.failIfMajorPerformanceCaveat;
      return original.call(this, kind, Object.assign({}, attributes, { failIfMajorPerformanceCaveat: false }));
    };
    new BroadcastChannel('tried').onmessage = ({ target, data }) => { if (data === 'ask') target.postMessage(self.tried); };
  };
  const isTried = () => new Promise((resolve) => {
    const channel = new BroadcastChannel('tried');
    channel.onmessage = ({ data }) => resolve(data);
    channel.postMessage('ask');
  });

  it('the quicker way is found out on live pictures, remembered, and taken next time', async (test) => {
    const page = await openWith(test, takenForQuick, '');
    await untilLive(page);
    const [paint, size] = await until('a result', async () => {
      const found = await page.evaluate(remembered);
      return found[0] && found[1] && found;
    });
    assert.ok(paint === '2d' || paint === 'webgl', paint);
    assert.equal(size, '640x480');
    if (webgl) assert.equal(await page.evaluate(isTried), true, 'WebGL was tried, and only if it is quick');
    const { stamp, now } = await page.evaluate(readStrip);
    assert.ok(Math.abs(between(stamp, now)) < 2000, 'it plays on');
    await page.reload();
    await untilLive(page);
    assert.equal(await painter(page), paint === '2d' ? '2D' : 'WebGL');
    await page.close();
  });

  it('a user’s own choice is kept, and no trial is made', async (test) => {
    if (!needsWebgl(test)) return;
    const page = await browser.open(program.url + '?paint=2d');
    await page.evaluate(() => localStorage.setItem('pistreaming.paint', 'webgl'));
    await page.evaluate(() => localStorage.removeItem('pistreaming.paint.size'));
    await page.evaluate(() => history.replaceState(null, '', location.pathname));
    await page.reload();
    await untilLive(page);
    assert.equal(await painter(page), 'WebGL');
    await page.close();
  });

  /** A page whose worker runs something before its own script. */
  async function openWith(test, inWorker, query = '?paint=webgl') {
    const proxy = await startProxy(program.port, { inWorker });
    const browser = await startChromium();
    test.after(async () => {
      await browser.close();
      proxy.close();
    });
    return browser.open(`http://127.0.0.1:${proxy.port}/index.html${query}`);
  }

  it('WebGL that is not to be had is followed by 2D', async (test) => {
    const withoutWebgl = () => {
      const original = OffscreenCanvas.prototype.getContext;
      OffscreenCanvas.prototype.getContext = function (kind, ...more) {
        return kind === 'webgl' ? null : original.call(this, kind, ...more);
      };
    };
    const page = await openWith(test, withoutWebgl);
    await untilLive(page);
    assert.equal(await painter(page), '2D');
    assert.deepEqual(page.faults, []);
  });
});
