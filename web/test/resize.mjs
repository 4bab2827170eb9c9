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

/** A camera that gives yellow until there is a file `enough`, and when it is started anew blue of another size. */
const CAMERA = `cd "$(dirname "$0")"
colour() { exec ffmpeg -v error -nostdin -re -f lavfi -i "color=c=$1:s=$2:r=24:d=300" -pix_fmt yuv420p -f yuv4mpegpipe -; }
mkdir begun 2>/dev/null || colour blue 322x242
colour yellow 640x480 &
until [ -e enough ]; do sleep 0.1; done
kill $!
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

/** Gives a function that takes a picture of the page and tells all sights so far, as [sight, times]. */
async function photographer(page, path) {
  await page.evaluate(bare);
  const sights = new Map();
  return async () => {
    const [size, box] = await page.evaluate(sizes);
    await page.screenshot(path);
    const sight = `${size} ${middle(path)} in ${box}`;
    sights.set(sight, (sights.get(sight) || 0) + 1);
    return [...sights];
  };
}

/** The same of what the page itself writes down at each animation frame. */
async function recorder(page) {
  await page.evaluate(record);
  return () => page.evaluate(() => [...window.sights]);
}

/**
 * Firefox on a busy machine now and then waits ten seconds for the texture of a canvas that a worker paints, when it is asked
 * for its pixels or for a picture of the page; and gives nothing then to who asked for pixels. When nobody asks it goes on.
 */
const PATIENCE_MS = 100_000;

const withoutWorker = () => { delete window.OffscreenCanvas; };
const WAYS = [
  { name: 'Chromium, 2D in a worker', start: startChromium, query: '?paint=2d' },
  { name: 'Chromium, WebGL in a worker', start: startChromium, query: '?paint=webgl' },
  { name: 'Chromium, 2D in the page', start: () => startChromium({ init: withoutWorker }), query: '?paint=2d' },
  { name: 'Firefox, 2D in a worker', start: startFirefox, query: '?paint=2d' },
];

describe('another size', { timeout: 480_000 }, () => {
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
      const firefox = name.startsWith('Firefox');
      const look = firefox ? await photographer(page, join(dir, 'page.png')) : await recorder(page);
      let sights = [];
      const often = (start) => until(start, async () => {
        sights = await look();
        return sights.some(([sight, times]) => sight.startsWith(start) && times > 10);
      }, PATIENCE_MS).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(sights)}`); });
      await often('640x480 yellow');
      writeFileSync(join(dir, 'enough'), '');
      await often('322x242 blue');
      const seen = new Map(sights);
      // Firefox shows a worker's picture before it tells the page of its size.
      if (firefox) [...seen.keys()].filter((sight) => sight.startsWith('640x480 blue')).forEach((sight) => seen.delete(sight));
      const kinds = [...seen.keys()].sort();
      assert.equal(kinds.length, 2, JSON.stringify([...seen]));
      assert.match(kinds[0], /^322x242 blue in /);
      assert.match(kinds[1], /^640x480 yellow in /);
      assert.equal(kinds[0].split(' in ')[1], kinds[1].split(' in ')[1], 'the box stays');
    });
  }
});
