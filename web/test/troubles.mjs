// What the page says and does when something is wrong, and that it comes back by itself.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startProgram, stopProgram } from '../harness/program.mjs';
import { startProxy } from '../harness/proxy.mjs';
import { between, readStrip, untilLive, watch } from '../harness/strip.mjs';
import { until } from '../harness/until.mjs';

const trouble = () => document.getElementById('trouble').hidden ? '' : document.getElementById('trouble').textContent;

/** Waits until the page's words match. */
async function untilSaid(page, pattern) {
  const found = await until(`words like ${pattern}`, async () => {
    const text = await page.evaluate(trouble);
    return pattern.test(text) && { text };
  });
  return found.text;
}

describe('troubles', { timeout: 180_000 }, () => {
  let browser;
  before(async () => { browser = await startChromium(); });
  after(async () => { if (browser) await browser.close(); });

  it('a server that is killed and started again on its port is found again', async (test) => {
    const first = await startProgram([], test);
    const page = await browser.open(first.url);
    await untilLive(page);
    await stopProgram(first, 'SIGKILL');
    const said = await untilSaid(page, /./);
    assert.match(said, /lost.*Reconnecting…/);
    assert.equal(await page.evaluate(() => document.getElementById('stage').className.includes('troubled')), true, 'greyed');
    const second = await startProgram(['--port', String(first.port)], test);
    await untilSaid(page, /^$/);
    await untilLive(page);
    const seen = await watch(page, 2000);
    assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
    await page.close();
  });

  it('a server that is stopped says so', async (test) => {
    const program = await startProgram([], test);
    const page = await browser.open(program.url);
    await untilLive(page);
    assert.equal(await stopProgram(program, 'SIGINT'), 0);
    assert.match(await untilSaid(page, /./), /server was stopped.*Reconnecting…$/);
    await page.close();
  });

  it('no room: said, for as long as it is so; then the picture is there by itself', async (test) => {
    const program = await startProgram(['--max-viewers', '1'], test);
    const first = await browser.open(program.url);
    await untilLive(first);
    const second = await browser.open(program.url);
    assert.equal(await untilSaid(second, /./), 'There is no room for more viewers. Reconnecting…');
    await untilLive(first);
    await first.close();
    await untilSaid(second, /^$/);
    await untilLive(second);
    await second.close();
  });

  it('a proxy that lets no WebSocket through: said, and not that the server is gone', async (test) => {
    const program = await startProgram([], test);
    const proxy = await startProxy(program.port, { upgrades: false });
    test.after(() => proxy.close());
    const page = await browser.open(`http://127.0.0.1:${proxy.port}/`);
    assert.match(await untilSaid(page, /proxy/), /server answers.*WebSockets.*Host/);
    await stopProgram(program, 'SIGKILL');
    await untilSaid(page, /does not answer/);
    await page.close();
  });

  it('a camera that is gone: the last picture stays, and words say why', async (test) => {
    // Two seconds of a test picture, and then an end with words; it is tried again after a pause.
    const command = 'ffmpeg -v error -re -f lavfi -i testsrc2=s=640x480:r=24:d=2 -pix_fmt yuv420p -f rawvideo - ; echo no cable >&2; exit 3';
    const program = await startProgram(['--source', `exec:${command}`], test);
    const page = await browser.open(program.url);
    const isOn = (name) => page.evaluate((wanted) => document.getElementById('stage').classList.contains(wanted), name);
    await until('a picture', () => isOn('playing'));
    const said = await untilSaid(page, /camera/i);
    assert.match(said, /tried again/);
    assert.deepEqual([await isOn('playing'), await isOn('troubled')], [true, true], 'the last picture stays, greyed');
    await untilSaid(page, /^$/); // the command runs again and gives pictures
    await page.close();
  });

  it('nobody looks: nothing is sent and nothing coded; somebody looks: a new picture at once', async (test) => {
    const program = await startProgram([], test);
    const page = await browser.open(program.url);
    await untilLive(page);
    const look = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await look(true);
    // What was on its way still comes.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const costs = async () => {
      const { encoder, viewers } = await (await fetch(new URL('/stats', program.url))).json();
      return viewers.map(({ state, pictures_sent: sent, bytes_sent: bytes }) => ({ state, sent, bytes, coded: encoder.pictures_encoded }));
    };
    const before = [await page.evaluate(readStrip), await costs()];
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const later = [await page.evaluate(readStrip), await costs()];
    assert.equal(later[0].stamp, before[0].stamp);
    assert.equal(later[1].length, 1);
    assert.equal(later[1][0].state, 'hidden');
    assert.deepEqual(later[1], before[1]);
    await look(false);
    await untilLive(page, 1000);
    await page.close();
  });

  it('a pause stops the picture, and going on shows the newest', async (test) => {
    const program = await startProgram([], test);
    const page = await browser.open(program.url);
    await untilLive(page);
    await page.press(' ');
    assert.equal(await page.evaluate(trouble), 'Paused');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = await page.evaluate(readStrip);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal((await page.evaluate(readStrip)).stamp, before.stamp);
    await page.press(' ');
    assert.equal(await page.evaluate(trouble), '');
    await untilLive(page, 1000);
    await page.close();
  });

  it('a device that is too slow for the stream is told so, and when that is over', async (test) => {
    // Without lower renditions: who is late may be given one before his device is found slow.
    const program = await startProgram(['--size', '1280x720', '--fps', '30', '--renditions', 'off'], test);
    // In the page, for a worker cannot be made slow.
    const inPage = await startChromium({ init: () => { delete window.OffscreenCanvas; } });
    test.after(() => inPage.close());
    const page = await inPage.open(program.url + '?simd=no');
    await until('a picture', () => page.evaluate(() => document.getElementById('stage').classList.contains('playing')));
    const devtools = await page.devtools();
    const slowDown = (rate) => devtools.send('Emulation.setCPUThrottlingRate', { rate });
    const isHinted = () => page.evaluate(() => !document.getElementById('hint').hidden);
    assert.equal(await isHinted(), false);
    await slowDown(20);
    await until('the hint', isHinted);
    await slowDown(1);
    await until('no hint', async () => !await isHinted());
  });

  it('a page older than the server loads itself anew, once', async (test) => {
    const program = await startProgram([], test);
    const page = await browser.open(program.url);
    await untilLive(page);
    const filledIn = await page.evaluate(async () => {
      const html = await (await fetch('index.html')).text();
      return /data-assets="[0-9a-f]{16}"/.test(html);
    });
    assert.equal(filledIn, true, 'the server fills in the digest');
    await page.close();
    // The same page with a digest that is no longer the server's.
    const old = await startChromium({
      init: () => {
        sessionStorage.loads = Number(sessionStorage.loads || 0) + 1;
        document.addEventListener('readystatechange', () => { document.documentElement.dataset.assets = '00000000000000aa'; });
        new MutationObserver(() => {
          if (document.documentElement) document.documentElement.dataset.assets = '00000000000000aa';
        }).observe(document, { childList: true });
      },
    });
    test.after(() => old.close());
    const oldPage = await old.open(program.url);
    // While the page loads anew there is none to ask.
    const loads = () => oldPage.evaluate(() => sessionStorage.loads).catch(() => '');
    await until('the second load', async () => await loads() === '2');
    await untilLive(oldPage);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(await loads(), '2');
  });
});

describe('browsers of another time', { timeout: 120_000 }, () => {
  let program;
  before(async () => { program = await startProgram(); });
  after(async () => { if (program) await stopProgram(program); });

  it('without OffscreenCanvas and SIMD it plays all the same', async (test) => {
    const browser = await startChromium({
      init: () => {
        delete window.OffscreenCanvas;
        WebAssembly.validate = () => false;
      },
    });
    test.after(() => browser.close());
    const page = await browser.open('about:blank');
    const requests = [];
    page.requests((url) => requests.push(url));
    await page.evaluate((url) => { location.href = url; }, program.url);
    await until('the page', () => page.evaluate(() => document.querySelector('canvas') !== null).catch(() => false));
    await untilLive(page);
    const seen = await watch(page, 3000);
    assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
    assert.ok(seen.every(({ stamp, now }) => stamp !== null && Math.abs(between(stamp, now)) < 2000));
    const files = requests.map((url) => new URL(url).pathname);
    assert.ok(files.includes('/dist/player.wasm') && !files.includes('/dist/player.simd.wasm'), files.join(' '));
    assert.ok(!files.includes('/worker.js'), files.join(' '));
  });

  it('the module without SIMD can be asked for', async (test) => {
    const browser = await startChromium();
    test.after(() => browser.close());
    const page = await browser.open('about:blank');
    const requests = [];
    page.requests((url) => requests.push(url));
    await page.evaluate((url) => { location.href = url; }, program.url + '?simd=no');
    await until('the page', () => page.evaluate(() => document.querySelector('canvas') !== null).catch(() => false));
    await untilLive(page);
    const files = requests.map((url) => new URL(url).pathname);
    assert.ok(files.includes('/dist/player.wasm') && !files.includes('/dist/player.simd.wasm'), files.join(' '));
  });

  it('without WebAssembly it says what is missing', async (test) => {
    const browser = await startChromium({ init: () => { delete window.WebAssembly; } });
    test.after(() => browser.close());
    const page = await browser.open(program.url);
    assert.match(await untilSaid(page, /./), /too old.*WebAssembly/);
  });

  it('that cannot read the scripts it says so too', async (test) => {
    const browser = await startChromium({
      init: () => Object.defineProperty(window, 'pistreaming', { get: () => undefined, set: () => { throw new SyntaxError('as an old parser'); } }),
    });
    test.after(() => browser.close());
    const page = await browser.open(program.url);
    assert.match(await untilSaid(page, /./), /too old/);
  });
});
