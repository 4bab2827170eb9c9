// How many pictures per second the built modules decode: `node web/bench/decode.mjs IN.m1v` prints a line for each. With
// `--jsmpeg` behind it also JSMpeg's decoder, measured in turns with them.
import { readFileSync } from 'node:fs';

import { cut, jsmpeg, measure, ours } from './decoders.mjs';

const [file, option, ...rest] = process.argv.slice(2);
if (!file || rest.length > 0 || (option !== undefined && option !== '--jsmpeg')) {
  console.error('usage: node web/bench/decode.mjs IN.m1v [--jsmpeg]\n  IN.m1v  an MPEG-1 video elementary stream without B pictures');
  process.exit(2);
}
const units = cut(readFileSync(file));
if (units.length === 0) {
  console.error(`${file} has no picture: is it an MPEG-1 video elementary stream?`);
  process.exit(1);
}
const decoders = [['simd', await ours('player.simd.wasm')], ['scalar', await ours('player.wasm')]];
if (option) decoders.push(['jsmpeg', await jsmpeg()]);
const rates = measure(decoders.map(([, decoder]) => decoder), units);
decoders.forEach(([name], n) => console.log(`${name} ${rates[n].toFixed(1)}`));
