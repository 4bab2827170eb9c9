// Where the page may live: in a window, on an address that browsers do not trust, as a Pi's on a home network, and behind a proxy.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { end, startDisplay } from '../harness/display.mjs';
import { startProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { between, readStrip, untilLive, watch } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';
import { startWebkit, webkitIsMissing } from '../harness/webkit.mjs';

async function goesOn(page) {
  await untilLive(page);
  const seen = await watch(page, 2000);
  assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
  assert.deepEqual(page.faults, []);
}

/** What the overlay says of the delay is what the pixels show, as near as a test by way of the page can see it. */
async function saysItsDelay(page) {
  await page.evaluate(() => document.getElementById('statistics-button').click());
  const said = await until('a delay', async () => {
    const figures = await page.evaluate(() => JSON.parse(document.getElementById('overlay').dataset.figures || '{}'));
    return typeof figures.delay === 'number' && figures.framesPerSecond > 1 && figures;
  });
  const { stamp, now } = await page.evaluate(readStrip);
  assert.ok(stamp === null || said.delay < between(stamp, now) + 250, `said ${said.delay} ms, seen ${between(stamp, now)}`);
  assert.ok(said.delay > 0 && said.delayError < 100, `${said.delay} ms, clocks compared to ${said.delayError}`);
}

/** An address of this machine that browsers take for another's, if it has one. */
const foreign = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal);
const NAMED = 'camera.test';
const BROWSERS = [
  {
    name: 'Chromium',
    start: () => startChromium({ flags: [`--host-resolver-rules=MAP ${NAMED} 127.0.0.1`] }),
    host: NAMED,
    skip: false,
  },
  { name: 'Firefox', start: () => startFirefox({ prefs: { 'network.dns.localDomains': NAMED } }), host: NAMED, skip: false },
  {
    name: 'WebKit',
    start: startWebkit,
    host: foreign && foreign.address,
    skip: webkitIsMissing() ? `no ${webkitIsMissing()}` : foreign ? false : 'this machine has only addresses that count as secure',
  },
];

describe('origins', { timeout: 240_000 }, () => {
  for (const { name, start, host, skip } of BROWSERS) {
    it(`${name} plays on an address that it trusts and on a plain http address that is not this machine’s`, { skip }, async (test) => {
      const program = await startProgram(['--bind', '0.0.0.0'], test);
      const browser = await start();
      test.after(() => browser.close());
      for (const [address, secure] of [['127.0.0.1', true], [host, false]]) {
        const page = await browser.open(`http://${address}:${program.port}/`);
        assert.equal(await page.evaluate(() => isSecureContext), secure);
        await goesOn(page);
        await saysItsDelay(page);
        await page.close();
      }
    });
  }

  for (const [name, start] of [['Chromium', startChromium], ['Firefox', startFirefox]]) {
    it(`${name} plays in a window`, async (test) => {
      const program = await startProgram([], test);
      const { child, display } = await startDisplay();
      const browser = await start({ display });
      test.after(async () => {
        await browser.close();
        await end(child);
      });
      const page = await browser.open(program.url);
      await goesOn(page);
      await saysItsDelay(page);
    });
  }

  it('plays within a page of another host', async (test) => {
    const program = await startProgram([], test);
    const folder = mkdtempSync(join(tmpdir(), 'pistreaming-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const address = `http://${NAMED}:${program.port}/`;
    writeFileSync(join(folder, 'outer.html'), `<!doctype html><iframe src="${address}" width="640" height="480" allow="fullscreen"></iframe>`);
    const other = await startProgram(['--index', join(folder, 'outer.html')], test);
    const browser = await BROWSERS[0].start();
    test.after(() => browser.close());
    const page = await browser.open(other.url);
    await goesOn(await until('the inner page', () => page.inner(address)));
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
