// Pictures as JPEG in a plain <img>: one, and one after the other.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';

/** In the page: the size of the image at `path`, once it has shown two pictures that differ (`moving`), or one. */
async function shown([path, moving]) {
  const image = new Image();
  image.src = path;
  document.body.append(image);
  // Firefox tells of each picture by an event, but gives a canvas the first alone; Chromium the other way round.
  let loads = 0;
  image.onload = () => { loads += 1; };
  const canvas = document.createElement('canvas');
  let first = null;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (!image.naturalWidth) continue;
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data.join();
    first = first || pixels;
    if (!moving || pixels !== first || loads > 2) return [canvas.width, canvas.height];
  }
}

describe('stills', { timeout: 120_000 }, () => {
  for (const [name, start] of [['Chromium', startChromium], ['Firefox', startFirefox]]) {
    it(`in ${name}`, async (test) => {
      const program = await startProgram(['--size', '160x120'], test);
      const browser = await start();
      test.after(() => browser.close());
      const page = await browser.open(program.url);
      assert.deepEqual(await page.evaluate(shown, ['/snapshot.jpg', false]), [160, 120]);
      assert.deepEqual(await page.evaluate(shown, ['/stream.mjpg', true]), [160, 120]);
    });
  }
});
