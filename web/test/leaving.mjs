// A page that is left, and may be come back to, is sent nothing meanwhile.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { withLivePage } from '../harness/page.mjs';
import { untilLive } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

/** How many watch `program`. */
const viewersOf = async (program) => (await (await fetch(new URL('/stats', program.url))).json()).viewers.length;

/** Goes from `page` to another and, when nobody watches any more, back. */
async function leaveAndComeBack(page, program) {
  // The answer comes before the page goes.
  await page.evaluate((address) => { setTimeout(() => { location.href = address; }, 100); }, new URL('/healthz', program.url).href);
  await until('that he has left', async () => await viewersOf(program) === 0).catch(async ({ message }) => {
    // Which of the two has failed, the page to go or the server to see it.
    throw new Error(`${message}; he is at ${await page.evaluate(() => location.href).catch(String)}`);
  });
  // His connection goes before the other page is there.
  await until('the other page', () => page.evaluate(() => location.pathname === '/healthz').catch(() => false));
  await page.evaluate(() => { setTimeout(() => history.back(), 100); });
  await until('the page', () => page.evaluate(() => document.getElementById('picture') !== null).catch(() => false));
}

describe('a page that is left', { timeout: 120_000 }, () => {
  let program, page;
  withLivePage(startChromium, (made) => { ({ program, page } = made); });

  const viewers = () => viewersOf(program);
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
    await leaveAndComeBack(page, program);
    await untilLive(page);
    assert.equal(await viewers(), 1);
  });
});

describe('a page that the browser has kept', { timeout: 120_000 }, () => {
  let program, page;
  // The driver switches the back-forward cache off.
  const start = () => startChromium({ without: ['--disable-back-forward-cache'] });
  withLivePage(start, (made) => { ({ program, page } = made); });

  it('is the same when somebody comes back, twice, and plays', async () => {
    const figures = () => page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures || '{}'));
    const untilDelay = (what) => until(what, async () => (await figures()).delay > 0);
    await page.press('s');
    // All that the overlay needs is loaded then.
    await untilDelay('a delay');
    await page.evaluate(() => {
      window.shows = [];
      window.addEventListener('pageshow', ({ persisted }) => window.shows.push(persisted));
    });
    for (let time = 1; time <= 2; time++) {
      await page.evaluate(() => { document.getElementById('overlay').dataset.figures = '{}'; });
      await leaveAndComeBack(page, program);
      const shows = await until('that it was shown', () => page.evaluate(() => window.shows));
      assert.deepEqual(shows, Array(time).fill(true), 'it was kept');
      // The picture that it was left with may be one of now, still.
      await until('that he is back', async () => await viewersOf(program) === 1);
      await untilDelay('a delay on the new connection');
      await untilLive(page);
      assert.equal(await viewersOf(program), 1);
      assert.equal(await page.evaluate(() => document.getElementById('trouble').hidden), true, 'nothing is wrong');
    }
    assert.deepEqual(page.faults, []);
  });
});
