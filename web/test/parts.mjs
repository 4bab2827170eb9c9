// Pictures that take long to code come in parts, and are painted whole.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram, stopProgram } from '../harness/program.mjs';
import { untilLive, watch } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

describe('pictures in parts', { timeout: 120_000 }, () => {
  let program, browser;
  before(async () => {
    // One thread takes more than 5 ms for these, whatever the machine.
    const large = ['--size', '2560x1440', '--fps', '8', '--bitrate', '4M', '--threads', '1', '--renditions', '0'];
    program = await startProgram(large);
    browser = await startChromium();
  });
  after(async () => {
    if (browser) await browser.close();
    if (program) await stopProgram(program);
  });

  it('are painted, each newer than the one before, and nothing in them is missing', async () => {
    const page = await browser.open(program.url);
    await untilLive(page);
    await page.press('s');
    const viewer = async () => (await (await fetch(new URL('/stats', program.url))).json()).viewers[0];
    await until('pictures in parts', async () => (await viewer()).pictures_in_parts >= 20);
    const seen = await watch(page, 2000);
    const stamps = seen.map(({ stamp }) => stamp).filter((stamp) => stamp !== null);
    assert.ok(new Set(stamps).size > 4, `${new Set(stamps).size} pictures seen`);
    const figures = await page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures));
    assert.deepEqual([figures.width, figures.height, figures.concealed, figures.malformed], [2560, 1440, 0, 0]);
    assert.deepEqual(page.faults, []);
  });
});
