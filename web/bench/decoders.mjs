// Decoders in WebAssembly behind one face, for measuring: give it the next picture's bytes, and it is decoded when the
// call returns.
//
// Here belongs: loading them, cutting a stream into pictures, timing. Not here: which streams, what is printed. The
// pixels are not computed: that is the painter's part, by a graphics processor where there is one.
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

const WEB = new URL('../', import.meta.url);
/** Not counted: until then the engine still compiles. */
const WARM_UP_PICTURES = 40;
/** Each round is timed; the middle one counts. */
const LEAST_ROUNDS = 5;
const LEAST_MS = 1500;

/** The page's own script, which expects a page's or worker's global object. */
function pageScript() {
  globalThis.self = globalThis;
  runInThisContext(readFileSync(new URL('wasm.js', WEB), 'utf8'), { filename: 'wasm.js' });
  return globalThis.pistreaming;
}

/** Ours, the built module of that name, as a page drives it: a live message for each picture. */
export async function ours(file) {
  const { Core, EVENT } = pageScript();
  const module = await WebAssembly.compile(readFileSync(new URL('dist/' + file, WEB)));
  const core = await Core.live(module, '');
  core.connected(0);
  core.message(streamMessage(), 0);
  let pictures = 0;
  return {
    messages: (units) => units.map((unit, sequence) => unitMessage(unit, sequence)),
    decode(message) {
      if (core.message(message, 0) & EVENT.PAINT) pictures += 1;
    },
    pictures: () => pictures,
  };
}

/** Today's JSMpeg and its module, ready. */
export async function loadJsmpeg() {
  // Only here, so that ours is measured without any package.
  const { default: JSMpeg } = await import('@cycjimmy/jsmpeg-player');
  globalThis.window = globalThis; // all that it wants of a page
  const wasmModule = new JSMpeg.WASMModule();
  await new Promise((resolve) => wasmModule.loadFromBuffer(JSMpeg.Base64ToArrayBuffer(JSMpeg.WASM_BINARY_INLINED), resolve));
  return { JSMpeg, wasmModule };
}

/** JSMpeg's, as its player drives it where it streams. */
export async function jsmpeg() {
  const { JSMpeg, wasmModule } = await loadJsmpeg();
  const decoder = new JSMpeg.Decoder.MPEG1VideoWASM({ wasmModule, streaming: true, decodeFirstFrame: false });
  let pictures = 0;
  return {
    messages: (units) => units.map((unit) => [unit]),
    decode(buffers) {
      decoder.write(0, buffers);
      while (decoder.decode()) pictures += 1;
    },
    pictures: () => pictures,
  };
}

/** The layout of both messages is that of crates/wire. */
function streamMessage() {
  const view = new DataView(new ArrayBuffer(28));
  view.setUint8(0, 0x02);
  view.setUint8(2, 1); // MPEG-1
  view.setUint32(4, 1, true); // the stream's number
  view.setUint16(8, 16, true); // any size: the pictures say theirs
  view.setUint16(10, 16, true);
  view.setUint32(12, 24, true);
  view.setUint32(16, 1, true);
  return view.buffer;
}

function unitMessage(unit, sequence) {
  const bytes = new Uint8Array(24 + unit.length);
  const view = new DataView(bytes.buffer);
  const start = sequence === 0;
  view.setUint8(0, 0x03);
  view.setUint8(2, start ? 1 : 2); // intra, predicted
  view.setUint8(3, start ? 7 : 3); // first and last part; a start
  view.setUint32(4, 1, true);
  view.setUint32(8, sequence, true);
  view.setUint8(12, 3); // times of arrival
  bytes.set(unit, 24);
  return bytes.buffer;
}

/** Cuts an elementary stream into pictures, each with the headers before it. */
export function cut(stream) {
  const PICTURE = 0x00, SEQUENCE = 0xb3, GROUP = 0xb8;
  const starts = [];
  let headers = -1;
  for (let at = stream.indexOf('\0\0\x01', 0, 'latin1'); at >= 0; at = stream.indexOf('\0\0\x01', at + 3, 'latin1')) {
    const code = stream[at + 3];
    if ((code === SEQUENCE || code === GROUP) && headers < 0) headers = at;
    if (code !== PICTURE) continue;
    starts.push(headers < 0 ? at : headers);
    headers = -1;
  }
  return starts.map((start, n) => stream.subarray(start, starts[n + 1]));
}

/** Pictures per second of each of `decoders`, in turns, after a warm-up. */
export function measure(decoders, units) {
  const runs = decoders.map((decoder) => ({ decoder, messages: decoder.messages(units), rates: [], time: 0 }));
  for (const { decoder, messages } of runs) {
    for (let n = 0; n < WARM_UP_PICTURES; n++) decoder.decode(messages[n % messages.length]);
  }
  while (runs.some(({ rates, time }) => rates.length < LEAST_ROUNDS || time < LEAST_MS)) {
    for (const run of runs) round(run);
  }
  return runs.map(({ rates }) => rates.sort((a, b) => a - b)[rates.length >> 1]);
}

function round(run) {
  const before = run.decoder.pictures();
  const begin = performance.now();
  for (const message of run.messages) run.decoder.decode(message);
  const time = performance.now() - begin;
  const decoded = run.decoder.pictures() - before;
  if (decoded === 0) throw new Error(`none of ${run.messages.length} pictures was decoded`);
  run.time += time;
  run.rates.push(decoded * 1000 / time);
}
