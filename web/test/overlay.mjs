// The figures over the picture: the delay that they give is the one that the pixels show.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { withLivePage } from '../harness/page.mjs';
import { between, readStrip } from '../harness/strip.mjs';

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
