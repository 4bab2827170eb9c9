// One page watched for a long time: its delay in the last minute is that of the first, and the browser has not grown.
// `node web/soak/run.mjs [MINUTES]`, 30 if nothing is said.
//
// Here belongs: what only time shows in a browser. Not here: the server's side of it (xtask/src/soak.rs).
import { readFileSync, readdirSync } from 'node:fs';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram, stopProgram } from '../harness/program.mjs';
import { untilLive } from '../harness/strip.mjs';

const MINUTES = Number(process.argv[2] || 30);
const MINUTE_MS = 60_000;
/** The delay may differ by so much from minute to minute. */
const LEEWAY_MS = 10;
/** The browser may grow by so much: it collects its garbage when it likes. */
const MOST_GROWTH = 1.3;

/** Resident memory of a process and all below it, in bytes; `but` is left out. */
function memory(process, but) {
  if (process === but) return 0;
  try {
    const status = readFileSync(`/proc/${process}/status`, 'utf8');
    const own = Number((/^VmRSS:\s*(\d+)/m.exec(status) || [0, 0])[1]) * 1024;
    const threads = readdirSync(`/proc/${process}/task`);
    const children = threads.flatMap((thread) => readFileSync(`/proc/${process}/task/${thread}/children`, 'utf8').split(' '));
    return children.filter(Boolean).reduce((sum, child) => sum + memory(Number(child), but), own);
  } catch (error) {
    return 0; // it has ended
  }
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** The median of what the page says of its delay, asked every half second for a minute; and how much memory is held. */
async function minute(page, program) {
  const delays = [];
  for (const end = Date.now() + MINUTE_MS; Date.now() < end;) {
    const figures = await page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures || '{}'));
    if (typeof figures.delay === 'number') delays.push(figures.delay);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (delays.length === 0) throw new Error('the page knows no delay');
  return { delay: median(delays), bytes: memory(process.pid, program.child.pid) };
}

const program = await startProgram();
const browser = await startChromium();
try {
  const page = await browser.open(program.url);
  await untilLive(page);
  await page.press('s');
  await minute(page, program); // until rates and the browser's own memory have settled
  const first = await minute(page, program);
  let last = first;
  for (let n = 2; n <= MINUTES; n++) last = await minute(page, program);
  const said = `delay ${first.delay.toFixed(1)} ms, then ${last.delay.toFixed(1)}; memory ${first.bytes >> 20} MiB, then ${last.bytes >> 20}`;
  console.error(said);
  const good = Math.abs(last.delay - first.delay) <= LEEWAY_MS && last.bytes <= first.bytes * MOST_GROWTH;
  process.exitCode = good && page.faults.length === 0 ? 0 : 1;
} finally {
  await browser.close();
  await stopProgram(program);
}
