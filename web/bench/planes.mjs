// What JSMpeg's decoders make of a stream, old and new, without a page: `node web/bench/planes.mjs DECODER IN.m1v OUT.yuv`.
// DECODER is `2013` (npm's jsmpeg 1.0.0), `js` or `wasm` (both in today's @cycjimmy/jsmpeg-player). OUT.yuv gets raw I420 of
// whole macroblocks, as it is before any conversion of colours.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';

import { loadJsmpeg } from './decoders.mjs';

/** A canvas that nobody looks at. */
const CANVAS = {
  getContext: () => ({ getImageData: (x, y, width, height) => ({ data: new Uint8Array(4 * width * height) }) }),
};

/** The decoder of the original's time takes the whole file, as over HTTP. */
function decode2013(stream, picture) {
  const window = { performance, Uint8ClampedArray, setTimeout };
  const context = createContext({ window, module: {}, WebSocket: class {}, XMLHttpRequest: class { open() {} send() {} } });
  const file = createRequire(import.meta.url).resolve('jsmpeg/jsmpg.js');
  runInContext(readFileSync(file, 'utf8'), context, { filename: file });
  const player = new window.jsmpeg('', { canvas: CANVAS, forceCanvas2D: true });
  player.renderFrame = () => picture(player.currentY, player.currentCb, player.currentCr);
  player.loadCallback(new Uint8Array(stream).buffer);
  while (player.nextFrame());
}

async function decodeToday(name, stream, picture) {
  const { JSMpeg, wasmModule } = await loadJsmpeg();
  // Its buffers grow, but not by as much as a whole stream.
  const decoder = new JSMpeg.Decoder[name]({ wasmModule, decodeFirstFrame: false, videoBufferSize: stream.length });
  decoder.connect({ resize() {}, render: (y, cr, cb) => picture(y, cb, cr) });
  decoder.write(0, [stream]);
  // It gives up at each start code that is none of a picture's, and goes on when asked again.
  for (let before = -1; before !== decoder.bufferGetIndex(); decoder.decode()) {
    before = decoder.bufferGetIndex();
  }
}

const DECODERS = {
  2013: decode2013,
  js: (stream, picture) => decodeToday('MPEG1Video', stream, picture),
  wasm: (stream, picture) => decodeToday('MPEG1VideoWASM', stream, picture),
};

const [name, from, to] = process.argv.slice(2);
if (!Object.hasOwn(DECODERS, name) || !to) {
  console.error(`usage: node web/bench/planes.mjs ${Object.keys(DECODERS).join('|')} IN.m1v OUT.yuv`);
  process.exit(2);
}
const out = openSync(to, 'w');
await DECODERS[name](readFileSync(from), (...planes) => planes.forEach((plane) => writeSync(out, plane)));
closeSync(out);
