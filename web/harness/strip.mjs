// Reads the machine-readable clock that the test pattern paints along its bottom edge, from a canvas in a page.
//
// Here belongs: the strip's layout, as crates/pistreaming/src/source/strip.rs paints it. Not here: what is right.

import { until } from './until.mjs';

/**
 * To be evaluated in a page: what the first canvas shows now. `stamp` is the frame's time in units of 100 µs modulo 2³²,
 * null if the strip cannot be read; `now` the page's clock in the same units. `blank`: there was nothing to read at
 * all. Firefox gives that once in some hundred times when a page's script asks for what a worker is just painting.
 * `slow`: the reading itself took over a second; Firefox waits now and then for ten, and `now` is not the picture's then.
 */
export function readStrip() {
  const began = Date.now();
  const canvas = document.querySelector('canvas');
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = 16;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, canvas.height - 16, canvas.width, 16, 0, 0, canvas.width, 16);
  const now = (Date.now() * 10) % 4294967296;
  const cell = Math.max(4, Math.floor(canvas.width / 80) * 2);
  const pixels = context.getImageData(0, 8, canvas.width, 1).data;
  const bytes = [0, 0, 0, 0, 0];
  for (let bit = 0; bit < 40; bit++) {
    const white = pixels[(bit * cell + cell / 2) * 4] > 127;
    bytes[bit >> 3] = bytes[bit >> 3] << 1 | (white ? 1 : 0);
  }
  const check = bytes[0] ^ bytes[1] ^ bytes[2] ^ bytes[3] ^ 0xa5;
  const stamp = check === bytes[4] ? bytes.slice(0, 4).reduce((sum, byte) => sum * 256 + byte, 0) : null;
  const blank = pixels.every((value, i) => i % 4 === 3 || value === 0);
  const slow = Date.now() - began > 1000;
  return { stamp, now, blank, slow, width: canvas.width, height: canvas.height };
}

/** Milliseconds from `earlier` to `later`, both stamps; negative if it is the other way round. */
export function between(earlier, later) {
  return ((later - earlier) | 0) / 10;
}

/** Waits until `page` shows a frame that is no older than `oldest` ms. */
export function untilLive(page, oldest = LIVE) {
  return until(`a frame no older than ${oldest} ms`, async () => {
    const { stamp, now } = await page.evaluate(readStrip);
    return stamp !== null && Math.abs(between(stamp, now)) < oldest;
  });
}

/** Older is no picture of now. */
const LIVE = 2000;
/** How often a look is taken again. */
const AGAIN = 2;
const AGAIN_AFTER_WAIT = 10;

/**
 * One look at what `page` shows. A blank one is taken again at once: a browser's slip in reading is then gone, a canvas that is
 * blank is blank still. In one that was slow Firefox has waited, with all that it was to show meanwhile, which it shows first:
 * looks are taken again until one is of now.
 */
async function look(page) {
  let sight = await page.evaluate(readStrip);
  let waited = sight.slow;
  for (let again = 0; again < (waited ? AGAIN_AFTER_WAIT : AGAIN); again++) {
    const old = waited && !(sight.stamp !== null && Math.abs(between(sight.stamp, sight.now)) < LIVE);
    if (!sight.blank && !sight.slow && !old) break;
    sight = await page.evaluate(readStrip);
    waited = waited || sight.slow;
  }
  return sight;
}

/** What `page` shows, looked at every `interval` ms for `duration` ms. */
export async function watch(page, duration, interval = 100) {
  const seen = [];
  for (const end = Date.now() + duration; Date.now() < end;) {
    seen.push(await look(page));
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  return seen;
}
