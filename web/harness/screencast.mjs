// What Chromium puts onto the screen of a page, frame by frame, with the pattern's clock read from it.
//
// Here belongs: its DevTools' screencast, the strip in its pictures. Not here: what a canvas holds (strip.mjs), what is right.
// A canvas that is asked for its pixels tells what it holds, not whether it is shown.
import { spawnSync } from 'node:child_process';

/** The page's window, in which a picture of the usual size is shown 1:1. */
export const VIEWPORT = { width: 640, height: 480 };
const CELLS = 40;
const ROW = VIEWPORT.height - 8;

/** To be evaluated in a page: leaves nothing but the picture. */
function bare() {
  const style = document.createElement('style');
  style.textContent = '#stage > :not(canvas) { display: none !important; }';
  document.head.append(style);
}

/**
 * Records the frames of `page`, opened in VIEWPORT, from now on. `frames()`: how many there are; `end()`: gives what each of
 * them shows, `{ stamp, now }` as readStrip() does; `stamp` is null where the strip cannot be read, as where there is nothing.
 */
export async function startScreencast(page) {
  await page.evaluate(bare);
  const devtools = await page.devtools();
  const frames = [];
  devtools.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
    const captured = metadata.timestamp;
    frames.push({ jpeg: Buffer.from(data, 'base64'), captured, now: (captured * 10_000) % 4294967296 });
    devtools.send('Page.screencastFrameAck', { sessionId }).catch(() => {}); // the page may be closed by now
  });
  await devtools.send('Page.startScreencast', { format: 'jpeg', quality: 90, everyNthFrame: 1 });
  return {
    frames: () => frames.length,
    async end() {
      await devtools.send('Page.stopScreencast');
      // Chromium codes two at a time, and sends first what is done first.
      frames.sort((a, b) => a.captured - b.captured);
      const rows = middleRows(frames.map(({ jpeg }) => jpeg));
      return frames.map(({ now }, index) => ({ stamp: readRow(rows[index]), now }));
    },
  };
}

/** Of each picture the row through the strip's middle, in grey. */
function middleRows(jpegs) {
  const { width, height } = VIEWPORT;
  const filter = `format=gray,scale=${width}:${height},crop=${width}:1:0:${ROW}`;
  const words = ['-v', 'error', '-f', 'mjpeg', '-i', '-', '-vf', filter, '-vsync', 'passthrough', '-f', 'rawvideo', '-'];
  const { stdout, stderr } = spawnSync('ffmpeg', words, { input: Buffer.concat(jpegs), maxBuffer: 1 << 28 });
  if (stdout.length !== jpegs.length * width) throw new Error(`${stdout.length} pixels of ${jpegs.length} frames: ${stderr}`);
  return jpegs.map((_, index) => stdout.subarray(index * width, (index + 1) * width));
}

/** The strip's layout: strip.mjs. */
function readRow(row) {
  const cell = row.length / CELLS;
  const bytes = [0, 0, 0, 0, 0];
  for (let bit = 0; bit < CELLS; bit++) bytes[bit >> 3] = bytes[bit >> 3] << 1 | (row[(bit + 0.5) * cell] > 127 ? 1 : 0);
  const check = bytes[0] ^ bytes[1] ^ bytes[2] ^ bytes[3] ^ 0xa5;
  return check === bytes[4] ? bytes.slice(0, 4).reduce((sum, byte) => sum * 256 + byte, 0) : null;
}
