// Pictures of the page for people to look at, in test/out: on a desktop and on a phone, playing and in trouble.
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram, startWithTwo, stopProgram } from '../harness/program.mjs';
import { untilLive } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

const OUT = fileURLToPath(new URL('out/', import.meta.url));
const VIEWPORTS = [['desktop', { width: 1280, height: 800 }], ['phone', { width: 390, height: 844 }]];

describe('looks', { timeout: 120_000 }, () => {
  for (const [name, viewport] of VIEWPORTS) {
    it(`on a ${name}`, async (test) => {
      mkdirSync(OUT, { recursive: true });
      const program = await startProgram([], test);
      const browser = await startChromium();
      test.after(() => browser.close());
      const page = await browser.open(program.url, viewport);
      await untilLive(page);
      const take = async (what) => {
        const path = `${OUT}${name}${what}.png`;
        await page.screenshot(path);
        assert.ok(statSync(path).size > 10_000, path);
      };
      await page.press('s');
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await take('');
      const { width, scroll } = await page.evaluate(() => {
        const overlay = document.getElementById('overlay').getBoundingClientRect();
        return { width: overlay.right, scroll: document.documentElement.scrollWidth };
      });
      assert.ok(width <= viewport.width && scroll <= viewport.width, 'nothing sticks out');
      await page.press('s');
      await page.press(' ');
      assert.equal(await page.evaluate(() => getComputedStyle(document.getElementById('picture')).filter), 'none', 'a pause is for looking');
      await take('-paused');
      await page.press(' ');
      await untilLive(page);
      const status = await browser.open(new URL('status', program.url).href, viewport);
      await until('the viewer', () => status.evaluate(() => document.querySelector('td') !== null).catch(() => false));
      await status.screenshot(`${OUT}${name}-status.png`);
      await status.close();
      await stopProgram(program, 'SIGKILL');
      await page.evaluate(() => new Promise((resolve) => {
        const said = new MutationObserver(() => setTimeout(resolve, 500)); // the picture greys slowly
        said.observe(document.getElementById('trouble'), { attributes: true });
      }));
      await take('-server-gone');
    });
  }

  it('on a phone while the camera gives nothing, at first and later', async (test) => {
    mkdirSync(OUT, { recursive: true });
    const browser = await startChromium();
    test.after(() => browser.close());
    const film = 'ffmpeg -v error -f lavfi -i testsrc2=s=640x480:r=24:d=1 -pix_fmt yuv420p -f rawvideo -; exit 3';
    for (const [what, first] of [['loading', 'sleep 600'], ['camera-gone', film]]) {
      const program = await startWithTwo(first, 'sleep 600', test);
      const page = await browser.open(program.url, VIEWPORTS[1][1]);
      await until('words', () => page.evaluate(() => !document.getElementById('trouble').hidden));
      await new Promise((resolve) => setTimeout(resolve, 1000)); // the picture greys slowly
      await page.screenshot(`${OUT}phone-${what}.png`);
      await page.close();
    }
  });

  it('in a lower rendition, which the figures name', async (test) => {
    mkdirSync(OUT, { recursive: true });
    // All together may be sent less than half of what one takes.
    const program = await startProgram(['--max-upload', '300k'], test);
    const browser = await startChromium();
    test.after(() => browser.close());
    const page = await browser.open(program.url);
    await untilLive(page);
    await page.press('s');
    const said = () => page.evaluate(() => document.getElementById('size').textContent);
    await until('words of it', async () => /^320 × 240 a lower rendition of at most 200 kbit\/s, for this link$/.test(await said()));
    await page.screenshot(`${OUT}lower.png`);
  });
});
