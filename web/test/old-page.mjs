// Pages of the original's time: their own words and calls, on our /jsmpg.js; and the decoder of that time, on our stream.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { startChromium, startFirefox } from '../harness/browsers.mjs';
import { startProgram } from '../harness/program.mjs';
import { between, readStrip, untilLive, watch } from '../harness/strip.mjs';

/** A page as people wrote them for the original; `more` is its script's end. */
const page = (script, more = '') => `<!DOCTYPE html>
<html><head><title>My camera</title>
<style>body { background: \${BGCOLOR}; text-align: center; margin-top: 10%; } #videoCanvas { width: 640px; }</style>
</head><body>
<canvas id="videoCanvas" width="\${WIDTH}" height="\${HEIGHT}"><p>Please use a browser that supports the Canvas Element</p></canvas>
<script type="text/javascript" ${script}</script>
<script type="text/javascript">
  var canvas = document.getElementById('videoCanvas');
  var ctx = canvas.getContext('2d');
  ctx.fillStyle = '\${COLOR}';
  ctx.fillText('Loading...', canvas.width/2-30, canvas.height/3);
  var client = new WebSocket('ws://' + location.hostname + ':\${WS_PORT}/');
  ${more || 'var player = new jsmpeg(client, {canvas:canvas});'}
</script></body></html>`;

/** A decoder's file as part of the page; the template's `$$` becomes `$` again. */
const inPage = (file) => '>' + readFileSync(new URL(`../node_modules/${file}`, import.meta.url), 'utf8').replace(/\$/g, '$$$$');

const OURS = 'src="jsmpg.js">';
const JSMPEG_2013 = inPage('jsmpeg/jsmpg.js');
/**
 * Its animation frames come after one picture, two more, and so on to six, then after one again. With each picture it asks for
 * one call by an animation frame: decoded is what the first of them finds, the others must find nothing.
 */
const SEVERAL_AT_ONCE = `>
  var asked = [], size = 1;
  window.requestAnimationFrame = function (call) {
    if (asked.push(call) < size) return;
    size = size % 6 + 1;
    asked.splice(0).forEach(function (one) { one(performance.now()); });
  };</script><script type="text/javascript"`;
const JSMPEG_NOW = inPage('@cycjimmy/jsmpeg-player/dist/jsmpeg-player.umd.min.js');
// Both paint with WebGL where they can; from a canvas of that kind no pixels can be read afterwards.
const IN_2D = 'var player = new jsmpeg(client, {canvas:canvas, forceCanvas2D:true});';
// Today's player wants a transport stream; its decoder takes ours.
const DECODER_ALONE = `
  var decoder = new JSMpeg.Decoder.MPEG1Video({});
  decoder.connect(new JSMpeg.Renderer.Canvas2D({canvas: canvas}));
  client.binaryType = 'arraybuffer';
  client.onmessage = function (event) {
    if (event.data.byteLength === 8) return;
    decoder.write(0, [new Uint8Array(event.data)]);
    // It does not look whether a picture is whole; a message that is but a start code brings none.
    if (event.data.byteLength > 4) decoder.decode();
  };`;

/** Cases: what stands in the page, and whether our own script is in it. */
const CASES = [
  { name: 'our jsmpg.js, socket connecting', html: page(OURS) },
  {
    name: 'our jsmpg.js, socket already open',
    html: page(OURS, `client.onopen = function () {
      window.openedByPage = true;
      window.player = new jsmpeg(client, {canvas:canvas, ondecodeframe: function () { window.frames_ = (window.frames_ || 0) + 1; }});
    };`),
    check: async (tab) => {
      assert.equal(await tab.evaluate(() => window.openedByPage), true);
      assert.ok(await tab.evaluate(() => window.frames_ > 5), 'ondecodeframe is called');
      assert.deepEqual(await tab.evaluate(() => [window.player.width, window.player.canvas === window.canvas]), [640, true]);
    },
  },
  {
    name: 'our jsmpg.js, a page whose own handlers go on working',
    html: page(OURS, `client.onmessage = function () { window.messages = (window.messages || 0) + 1; };
      window.player = jsmpeg(client, {canvas:canvas});
      client.onopen = function () { window.openedByPage = true; };`),
    check: async (tab) => {
      assert.equal(await tab.evaluate(() => window.openedByPage), true);
      assert.ok(await tab.evaluate(() => window.messages > 5));
    },
  },
  { name: 'the decoder of that time, npm’s jsmpeg 1.0.0', html: page(JSMPEG_2013, IN_2D) },
  { name: 'the same, when several pictures come between two animation frames', html: page(SEVERAL_AT_ONCE + JSMPEG_2013, IN_2D) },
  { name: 'the decoder of today’s JSMpeg', html: page(JSMPEG_NOW, DECODER_ALONE) },
];

for (const [browserName, start] of [['Chromium', startChromium], ['Firefox', startFirefox]]) {
  describe(`old pages in ${browserName}`, { timeout: 120_000 }, () => {
    let browser, directory;
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'pistreaming-'));
      browser = await start();
    });
    after(async () => {
      if (browser) await browser.close();
      rmSync(directory, { recursive: true });
    });

    for (const { name, html, check } of CASES) {
      it(name, async (test) => {
        const index = join(directory, 'index.html');
        writeFileSync(index, html);
        const program = await startProgram(['--index', index], test);
        const tab = await browser.open(program.url);
        await untilLive(tab);
        const seen = await watch(tab, 3000);
        const odd = seen.filter(({ stamp, now }) => stamp === null || Math.abs(between(stamp, now)) >= 2000);
        assert.deepEqual(odd, [], `of ${seen.length} sights`);
        assert.ok(new Set(seen.map(({ stamp }) => stamp)).size > seen.length / 2, 'it goes on');
        const { width, height } = await tab.evaluate(readStrip);
        assert.deepEqual([width, height], [640, 480]);
        if (check) await check(tab);
        await tab.close();
      });
    }
  });
}
