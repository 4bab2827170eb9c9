// The page plays the pattern, in every browser that there is here: the clock in the picture is right and goes on.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { withLivePage } from '../harness/page.mjs';
import { between, readStrip, watch } from '../harness/strip.mjs';
import { startWebkit, webkitIsMissing } from '../harness/webkit.mjs';

const BROWSERS = [
  { name: 'Chromium', start: startChromium, seconds: 10, skip: false },
  { name: 'Firefox', start: startFirefox, seconds: 10, skip: false },
  { name: 'WebKit', start: startWebkit, seconds: 4, skip: webkitIsMissing() ? `no ${webkitIsMissing()}` : false },
];

for (const { name, start, seconds, skip } of BROWSERS) {
  describe(name, { skip, timeout: 120_000 }, () => {
    let page;
    withLivePage(start, (made) => { page = made.page; });

    it(`shows the pattern's clock for ${seconds} s`, async () => {
      const seen = await watch(page, seconds * 1000);
      const stamps = seen.map((sight) => sight.stamp);
      const unreadable = stamps.filter((stamp) => stamp === null).length;
      assert.equal(unreadable, 0, `of ${stamps.length} looks`);
      for (const { stamp, now } of seen) assert.ok(Math.abs(between(stamp, now)) < 2000, `${between(stamp, now)} ms old`);
      for (let i = 1; i < stamps.length; i++) assert.ok(between(stamps[i - 1], stamps[i]) >= 0, 'time ran back');
      // Each look at another frame than the last but for a few: it goes on all the time, not in leaps.
      const distinct = new Set(stamps).size;
      assert.ok(distinct > stamps.length / 2, `${distinct} frames in ${stamps.length} looks`);
    });

    it('has a canvas of the picture’s size that fills the window', async () => {
      const { width, height } = await page.evaluate(readStrip);
      assert.deepEqual([width, height], [640, 480]);
      const shown = await page.evaluate(() => {
        const canvases = document.querySelectorAll('canvas');
        const box = canvases[0].getBoundingClientRect();
        const style = getComputedStyle(document.body);
        return {
          canvases: canvases.length,
          box: [box.width, box.height],
          window: [innerWidth, innerHeight],
          colours: [style.backgroundColor, style.color],
          loading: getComputedStyle(document.getElementById('loading')).display,
        };
      });
      assert.equal(shown.canvases, 1);
      assert.deepEqual(shown.box, shown.window);
      assert.deepEqual(shown.colours, ['rgb(51, 51, 51)', 'rgb(68, 68, 68)']);
      assert.equal(shown.loading, 'none');
    });

    it('had no fault meanwhile', () => {
      assert.deepEqual(page.faults, []);
    });
  });
}
