// The figures over the picture: the delay that they give is the one that the pixels show.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { withLivePage } from '../harness/page.mjs';
import { startProgram } from '../harness/program.mjs';
import { between, readStrip, untilLive } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

describe('the overlay', { timeout: 120_000 }, () => {
  let page;
  withLivePage(startChromium, (made) => { page = made.page; });

  const isShown = () => page.evaluate(() => !document.getElementById('overlay').hidden);
  const figures = () => page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures));

  it('comes and goes by the key s, a tap and the button', async () => {
    assert.equal(await isShown(), false);
    await page.press('s');
    assert.equal(await isShown(), true);
    await page.evaluate(() => document.getElementById('picture').click());
    assert.equal(await isShown(), false);
    await page.evaluate(() => document.getElementById('statistics-button').click());
    assert.equal(await isShown(), true);
    const pressed = await page.evaluate(() => document.getElementById('statistics-button').getAttribute('aria-pressed'));
    assert.equal(pressed, 'true');
  });

  it('gives the delay that the pixels show, and says from when it counts', async () => {
    // Until rates have settled and clocks were compared.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 5000)));
    const delays = [];
    for (let look = 0, last = null; look < 200; look++) {
      const { stamp, now } = await page.evaluate(readStrip);
      // Only a frame's first sight counts: later ones add the time that it stood there.
      if (stamp !== null && stamp !== last) delays.push(between(stamp, now));
      last = stamp;
    }
    delays.sort((a, b) => a - b);
    const seen = delays[delays.length >> 1];
    const said = await figures();
    // The pixels are older by the way to this test and by up to a frame; the other way round only the clocks differ.
    assert.ok(said.delay > 0 && said.delay < seen + 10, `said ${said.delay} ms, seen ${seen} ms`);
    assert.ok(seen - said.delay < 250, `said ${said.delay} ms, seen ${seen} ms`);
    assert.ok(said.delayError < 50, `clocks compared to ${said.delayError} ms`);
    assert.ok(['sensor', 'driver', 'arrival'].includes(said.delayFrom), said.delayFrom);
  });

  it('gives size, rates and losses in words', async () => {
    const said = await figures();
    assert.deepEqual([said.width, said.height], [640, 480]);
    assert.deepEqual([said.rendition, said.renditionBitsPerSecond], [0, 800_000]);
    assert.ok(said.framesPerSecond > 1 && said.framesPerSecond < 30, `${said.framesPerSecond} frames/s`);
    assert.ok(said.bitsPerSecond > 10_000, `${said.bitsPerSecond} bits/s`);
    assert.equal(said.malformed, 0);
    assert.equal(said.concealed, 0);
    const text = await page.evaluate(() => document.getElementById('overlay').textContent.replace(/\s+/g, ' '));
    assert.match(text, /Delay\s*\d+ ms ± \d+, since .*Picture\s*640 × 480.*\d+ frames\/s \d.*bit\/s.*Losses\s*\d+ pictures?/);
  });
});

const withoutWorker = () => { delete window.OffscreenCanvas; };
const WAYS = [
  ['Chromium, in a worker', startChromium],
  ['Chromium, in the page', () => startChromium({ init: withoutWorker })],
  ['Firefox, in a worker', startFirefox],
];

describe('the delay', { timeout: 120_000 }, () => {
  for (const [name, start] of WAYS) {
    it(`goes on to the screen, as far as it can be measured, in ${name}`, async (test) => {
      const program = await startProgram([], test);
      const browser = await start();
      test.after(() => browser.close());
      const page = await browser.open(program.url);
      await untilLive(page);
      const figures = () => page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures || '{}'));
      for (let time = 0; time < 2; time++) {
        await page.press('s');
        const { delay, presentation } = await until('a measured time from painting to the screen', async () => {
          const said = await figures();
          return said.presentation > 0 && said;
        });
        assert.ok(delay >= presentation, `${delay} ms, ${presentation} of them behind the painting`);
        await page.press('s'); // what measured is ended, and begun anew
      }
      assert.deepEqual(page.faults, []);
    });
  }
});
