/*
 * Keeps the original's pages alive: `new jsmpeg(webSocket, {canvas: element})`, on today's decoder.
 *
 * Here belongs: what those pages call, and what they may rely on. Not here: decoding (wasm.js, crates/player). This file
 * is loaded alone, from whatever path or host the page names; it gets its other files from beside itself.
 *
 * What such a page may rely on:
 * - the socket may be connecting or already open, and stays the page's: its own handlers go on working;
 * - the canvas takes on the stream's size; the page may have drawn on it before, with a 2D context;
 * - `player.canvas`, `player.client`, `player.width`, `player.height`; `ondecodeframe(player, canvas)`; `play()`,
 *   `pause()`, `stop()`.
 */
(function (scope) {
  'use strict';

  const BASE = document.currentScript.src;
  // Messages that came before the decoder was there: some 10 s at the original's rate. Then it will not come.
  const MOST_EARLY_MESSAGES = 256;

  let files = null;

  function loadScript(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = new URL(name, BASE).href;
      script.onload = resolve;
      script.onerror = () => reject(new Error(script.src + ' could not be loaded'));
      document.head.appendChild(script);
    });
  }

  /** The compiled module; however many players there are, it is loaded once. */
  function load() {
    const both = () => loadScript('wasm.js').then(() => loadScript('paint.js'));
    files = files || both().then(() => scope.pistreaming.compile(BASE));
    return files;
  }

  class Jsmpeg {
    constructor(client, options) {
      const given = options || {};
      if (!client || typeof client.send !== 'function') {
        throw new TypeError('jsmpeg: the first argument must be a WebSocket; files are not played');
      }
      this.client = client;
      this.canvas = given.canvas || document.createElement('canvas');
      this.externalDecodeCallback = given.ondecodeframe || null;
      this.width = 0;
      this.height = 0;
      this.playing = true;
      this.core = null;
      this.painter = null;
      this.early = [];
      this.arrivals = Promise.resolve();
      this.blobs = 0;
      this.onmessage = (event) => this.receive(event.data);
      this.initSocketClient = () => { client.binaryType = 'arraybuffer'; };
      this.initSocketClient();
      client.addEventListener('message', this.onmessage);
      // The original took this place, and a page may call what it finds there; one of the page's own stays.
      if (!client.onopen) client.onopen = this.initSocketClient;
      this.begin();
    }

    play() {
      this.playing = true;
    }

    /** Pictures are decoded on, for each needs the one before, but no longer painted. */
    pause() {
      this.playing = false;
    }

    stop() {
      this.playing = false;
      this.client.removeEventListener('message', this.onmessage);
      this.early = [];
    }

    async begin() {
      try {
        const module = await load();
        this.core = await scope.pistreaming.Core.old(module);
      } catch (error) {
        this.stop();
        console.error('jsmpeg: ' + error.message);
        return;
      }
      this.painter = new scope.pistreaming.Painter2d(this.canvas);
      const early = this.early;
      this.early = [];
      for (const data of early) this.take(data);
    }

    /** A message that was under way before the socket was told to give ArrayBuffers comes as a Blob; order is kept. */
    receive(data) {
      if (data instanceof ArrayBuffer && this.blobs === 0) {
        this.take(data);
        return;
      }
      this.blobs += 1;
      this.arrivals = this.arrivals
        .then(() => data instanceof Blob ? new Response(data).arrayBuffer() : data)
        .then((buffer) => {
          this.blobs -= 1;
          if (buffer instanceof ArrayBuffer) this.take(buffer);
        });
    }

    take(data) {
      if (this.core === null) {
        if (this.early.push(data) > MOST_EARLY_MESSAGES) this.stop();
        return;
      }
      const { EVENT } = scope.pistreaming;
      const begin = performance.now();
      const events = this.core.message(data, begin);
      if (events & EVENT.RESIZE) {
        this.width = this.core.width();
        this.height = this.core.height();
        this.painter.resize(this.width, this.height);
      }
      if (!(events & EVENT.PAINT)) return;
      if (this.playing) this.painter.prepare(this.core);
      const decodeTime = performance.now() - begin;
      if (this.playing) {
        this.painter.paint();
        if (this.externalDecodeCallback) this.externalDecodeCallback(this, this.canvas);
      }
      this.core.painted(decodeTime, performance.now());
    }
  }

  // A function, as the original's was: old pages may call it without `new` through their own wrappers.
  scope.jsmpeg = function (client, options) {
    return new Jsmpeg(client, options);
  };
})(window);
