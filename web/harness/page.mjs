// A program and a page of it that shows live pictures, for all tests of a suite.
//
// Here belongs: making them ready and ending them. Not here: what is looked at.
import { after, before } from 'node:test';

import { startProgram, stopProgram } from './program.mjs';
import { untilLive } from './strip.mjs';

/** To be called in `describe`: before its first test `ready` is given `{ program, page }`, the page in what `start` starts. */
export function withLivePage(start, ready) {
  let program, browser;
  before(async () => {
    // On a busy machine a page may be given a lower rendition, which is another matter.
    program = await startProgram(['--renditions', 'off']);
    browser = await start();
    const page = await browser.open(program.url);
    await untilLive(page);
    ready({ program, page });
  });
  after(async () => {
    if (browser) await browser.close();
    if (program) await stopProgram(program);
  });
}
