// Where the page may live: on an address that browsers do not trust, as a Pi's on a home network, and behind a proxy.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { untilLive, watch } from '../harness/strip.mjs';

async function goesOn(page) {
  await untilLive(page);
  const seen = await watch(page, 2000);
  assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
  assert.deepEqual(page.faults, []);
}

describe('origins', { timeout: 120_000 }, () => {
  it('plays on a plain http address that is not this machine’s', async (test) => {
    const program = await startProgram([], test);
    const browser = await startChromium({ flags: ['--host-resolver-rules=MAP camera.test 127.0.0.1'] });
    test.after(() => browser.close());
    const page = await browser.open(`http://camera.test:${program.port}/`);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    await goesOn(page);
  });

  it('plays behind a reverse proxy under a path', async (test) => {
    const program = await startProgram([], test);
    const proxy = await startProxy(program.port, { prefix: '/garden/camera/' });
    const browser = await startChromium();
    test.after(async () => {
      await browser.close();
      proxy.close();
    });
    const page = await browser.open(`http://127.0.0.1:${proxy.port}/garden/camera/index.html`);
    await goesOn(page);
  });

  it('plays where workers are forbidden', async (test) => {
    const program = await startProgram([], test);
    const proxy = await startProxy(program.port, { headers: { 'content-security-policy': "worker-src 'none'" } });
    const browser = await startChromium();
    test.after(async () => {
      await browser.close();
      proxy.close();
    });
    const page = await browser.open(`http://127.0.0.1:${proxy.port}/`);
    await untilLive(page);
    const seen = await watch(page, 2000);
    assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
    const inPage = await page.evaluate(() => typeof pistreaming.Session === 'function');
    assert.equal(inPage, true, 'by the page itself');
  });
});
