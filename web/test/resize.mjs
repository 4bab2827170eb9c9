// A stream that goes on in another size: nobody sees an empty canvas, nor one size with the other's picture.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { until } from '../harness/until.mjs';

/** A camera that gives three seconds of yellow, and when it is started anew blue of another size. */
const CAMERA = `cd "$(dirname "$0")"
if mkdir begun 2>/dev/null; then set -- yellow 640x480 3; else set -- blue 322x242 60; fi
exec ffmpeg -v error -nostdin -re -f lavfi -i "color=c=$1:s=$2:r=24:d=$3" -pix_fmt yuv420p -f yuv4mpegpipe -
`;

/** To be evaluated in a page: writes down what the canvas shows at each animation frame from now on. */
function record() {
  const copy = document.createElement('canvas');
  copy.width = copy.height = 1;
  const context = copy.getContext('2d', { willReadFrequently: true });
  window.sights = new Map();
  const look = () => {
    const canvas = document.querySelector('canvas');
    context.clearRect(0, 0, 1, 1);
    // The middle, for a placeholder whose size is still the old one has no lower right corner.
    context.drawImage(canvas, canvas.width >> 1, canvas.height >> 1, 1, 1, 0, 0, 1, 1);
    const [red, , blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    const colour = alpha === 0 || red + blue < 60 ? 'blank' : red > blue ? 'yellow' : 'blue';
    const box = canvas.getBoundingClientRect();
    // Only from the first picture on: until then there is nothing that could be gone.
    if (colour === 'blank' && window.sights.size === 0) {
      requestAnimationFrame(look);
      return;
    }
    const sight = `${canvas.width}x${canvas.height} ${colour} in ${box.width}x${box.height}`;
    window.sights.set(sight, (window.sights.get(sight) || 0) + 1);
    requestAnimationFrame(look);
  };
  look();
}

/** To be evaluated in a page: what it lays over the picture while the camera is away is not what is looked at here. */
function bare() {
  const style = document.createElement('style');
  style.textContent = '#stage > :not(canvas) { display: none !important; } canvas { filter: none !important; }';
  document.head.append(style);
}

/** To be evaluated in a page: the canvas's size and its box. */
function sizes() {
  const canvas = document.querySelector('canvas');
  const box = canvas.getBoundingClientRect();
  return [`${canvas.width}x${canvas.height}`, `${box.width}x${box.height}`];
}

/** Of a picture of the page's in a file, the colour in the middle. */
function middle(path) {
  const arguments_ = ['-v', 'error', '-i', path, '-vf', 'crop=1:1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const [red, , blue] = spawnSync('ffmpeg', arguments_).stdout;
  return red + blue < 60 ? 'blank' : red > blue ? 'yellow' : 'blue';
}

/**
 * Writes down what pictures of the page show, one after the other, until `end` of what is seen. Firefox must not be asked
 * for a canvas's pixels while its worker paints: it waits for a texture then that does not come, ten seconds each time.
 */
async function watch(page, path, sights, end) {
  await page.evaluate(bare);
  await until('the other size', async () => {
    const [size, box] = await page.evaluate(sizes);
    await page.screenshot(path);
    const sight = `${size} ${middle(path)} in ${box}`;
    sights.set(sight, (sights.get(sight) || 0) + 1);
    return end([...sights]);
  });
}

const withoutWorker = () => { delete window.OffscreenCanvas; };
const WAYS = [
  { name: 'Chromium, 2D in a worker', start: startChromium, query: '?paint=2d' },
  { name: 'Chromium, WebGL in a worker', start: startChromium, query: '?paint=webgl' },
  { name: 'Chromium, 2D in the page', start: () => startChromium({ init: withoutWorker }), query: '?paint=2d' },
  { name: 'Firefox, 2D in a worker', start: startFirefox, query: '?paint=2d' },
];

describe('another size', { timeout: 240_000 }, () => {
  for (const { name, start, query } of WAYS) {
    it(name, async (test) => {
      const browser = await start();
      const dir = mkdtempSync(join(tmpdir(), 'pistreaming-resize-'));
      test.after(async () => {
        await browser.close();
        rmSync(dir, { recursive: true });
      });
      const camera = join(dir, 'camera.sh');
      writeFileSync(camera, CAMERA);
      // A browser that is late on a busy machine would be given smaller pictures, which are another matter.
      const program = await startProgram(['--source', `exec:sh ${camera}`, '--renditions', 'off'], test);
      const page = await browser.open(program.url + query);
      await until('a picture', () => page.evaluate(() => document.getElementById('stage').classList.contains('playing')));
      const seen = new Map();
      const later = (sights) => sights.some(([sight, times]) => sight.startsWith('322x242 blue') && times > 10);
      const told = (error) => { throw new Error(`${error.message}: ${JSON.stringify([...seen])}`); };
      if (name.startsWith('Firefox')) {
        await watch(page, join(dir, 'page.png'), seen, later).catch(told);
        // Its canvas's size was asked before its picture was taken, and it shows a worker's picture before it tells the page of its size.
        [...seen.keys()].filter((sight) => sight.startsWith('640x480 blue')).forEach((sight) => seen.delete(sight));
      } else {
        await page.evaluate(record);
        await until('the other size', async () => {
          (await page.evaluate(() => [...window.sights])).forEach(([sight, times]) => seen.set(sight, times));
          return later([...seen]);
        }).catch(told);
      }
      const kinds = [...seen.keys()].sort();
      assert.equal(kinds.length, 2, JSON.stringify([...seen]));
      assert.match(kinds[0], /^322x242 blue in /);
      assert.match(kinds[1], /^640x480 yellow in /);
      assert.equal(kinds[0].split(' in ')[1], kinds[1].split(' in ')[1], 'the box stays');
    });
  }
});
