// A page that is left, and may be come back to, is sent nothing meanwhile.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { withLivePage } from '../harness/page.mjs';
import { untilLive } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

describe('a page that is left', { timeout: 120_000 }, () => {
  let program, page;
  withLivePage(startChromium, (made) => { ({ program, page } = made); });

  const viewers = async () => (await (await fetch(new URL('/stats', program.url))).json()).viewers.length;
  const happens = (name) => page.evaluate((type) => {
    window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
  }, name);

  it('closes its connection, makes no other whatever happens, and has one at once when somebody comes back', async () => {
    assert.equal(await viewers(), 1);
    await happens('pagehide');
    await until('that he has left', async () => await viewers() === 0);
    await page.evaluate(() => {
      document.dispatchEvent(new Event('visibilitychange'));
      window.dispatchEvent(new Event('online'));
    });
    // Longer than silence and the first tries would take.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(await viewers(), 0);
    assert.equal(await page.evaluate(() => document.getElementById('trouble').hidden), true, 'nothing is wrong');
    await happens('pageshow');
    await untilLive(page);
    assert.equal(await viewers(), 1);
    assert.deepEqual(page.faults, []);
  });

  it('by a link, and back: it plays', async () => {
    // The answer comes before the page goes.
    await page.evaluate((address) => { setTimeout(() => { location.href = address; }, 100); }, new URL('/healthz', program.url).href);
    await until('that he has left', async () => await viewers() === 0);
    await page.evaluate(() => { setTimeout(() => history.back(), 100); });
    await until('the page', () => page.evaluate(() => document.getElementById('picture') !== null).catch(() => false));
    await untilLive(page);
    assert.equal(await viewers(), 1);
  });
});
