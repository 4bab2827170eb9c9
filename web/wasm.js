/*
 * The player's module: loads it, hands messages in, gets pictures and messages out.
 *
 * Here belongs: everything that touches the module's memory. Not here: sockets, canvases, what a message says: the
 * module (crates/player) reads every byte, and answers with the events below. Runs in a worker and in a page.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  // The bits of crates/player/src/events.rs, where a test compares the two.
  const EVENT = Object.freeze({
    PAINT: 1,
    RESIZE: 2,
    SEND: 4,
    NOTICE: 8,
    BYE: 16,
    RELOAD: 32,
    STALE: 64,
  });

  // What capture times count from, as crates/wire numbers it.
  const TIME_MEANINGS = ['', 'sensor', 'driver', 'arrival'];

  // A module with one function that splats a number into a vector: only a browser with SIMD takes it.
  const SIMD_PROBE = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, // magic, version 1
    1, 5, 1, 96, 0, 1, 123, // types: () -> v128
    3, 2, 1, 0, // functions: one, of type 0
    10, 8, 1, 6, 0, 65, 0, 253, 15, 11, // code: i32.const 0, i8x16.splat
  ]);

  /** Compiles the module that suits this browser, or if `scalar` the one for all; `base` is the address of the page's files. */
  async function compile(base, scalar) {
    const name = !scalar && WebAssembly.validate(SIMD_PROBE) ? 'player.simd.wasm' : 'player.wasm';
    const address = new URL('dist/' + name, base);
    const response = await fetch(address);
    if (!response.ok) throw new Error(address + ': ' + response.status + ' ' + response.statusText);
    // While it comes, where the browser can and nothing on the way has changed the type.
    const streams = WebAssembly.compileStreaming && response.headers.get('Content-Type') === 'application/wasm';
    return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
  }

  /** One player in the module's memory. Times are milliseconds, as performance.now() gives them. */
  class Core {
    constructor(exports, player) {
      this.exports = exports;
      this.player = player;
      this.memory = new Uint8Array(0);
      this.outgoing = new Map(); // views of messages to send, by length: there are three
      this.picture = null;
      this.planes = new Map(); // by address: a decoder has two pictures, and they take turns
    }

    /** A player for the live protocol; `assets` is the digest of the page's files, 16 hexadecimal digits, or nothing that is. */
    static async live(module, assets) {
      const instance = await WebAssembly.instantiate(module, {});
      const [high, low] = /^[0-9a-f]{16}$/.test(assets) ? [assets.slice(0, 8), assets.slice(8)] : ['0', '0'];
      const player = instance.exports.player_new(parseInt(high, 16), parseInt(low, 16));
      return new Core(instance.exports, player);
    }

    /** A player for the old protocol. */
    static async old(module) {
      const instance = await WebAssembly.instantiate(module, {});
      return new Core(instance.exports, instance.exports.player_new_old());
    }

    /** All of the module's memory: one view, until the memory grows. */
    bytes() {
      const { buffer } = this.exports.memory;
      if (this.memory.buffer !== buffer) {
        this.memory = new Uint8Array(buffer);
        this.outgoing.clear();
      }
      return this.memory;
    }

    /** Takes in a message, an ArrayBuffer; returns events. */
    message(data, now) {
      const address = this.exports.player_input(this.player, data.byteLength);
      if (address === 0) return 0; // longer than any message may be
      this.bytes().set(new Uint8Array(data), address);
      return this.exports.player_message(this.player, data.byteLength, now * 1000);
    }

    painted(decodeTime, now) {
      return this.exports.player_painted(this.player, decodeTime * 1000, now * 1000);
    }

    connected(now) {
      return this.exports.player_connected(this.player, now * 1000);
    }

    tick(now) {
      return this.exports.player_tick(this.player, now * 1000);
    }

    want(hidden, paused) {
      return this.exports.player_want(this.player, hidden ? 1 : 0, paused ? 1 : 0);
    }

    /** Hands each waiting message to `send`, which must be done with it when it returns. */
    sendAll(send) {
      for (;;) {
        const length = this.exports.player_next_outgoing(this.player);
        if (length === 0) return;
        const bytes = this.bytes();
        let message = this.outgoing.get(length);
        if (message === undefined) {
          const address = this.exports.player_outgoing(this.player); // it stays where it is
          message = bytes.subarray(address, address + length);
          this.outgoing.set(length, message);
        }
        send(message);
      }
    }

    /** Whether this device takes too long to decode what comes. */
    isSlow() {
      return this.exports.player_is_slow(this.player) !== 0;
    }

    width() {
      return this.exports.player_width(this.player);
    }

    height() {
      return this.exports.player_height(this.player);
    }

    /** The samples from one row of a plane to the next; planes: 0 Y, 1 Cb, 2 Cr. 0 if there is no picture. */
    planeStride(index) {
      return this.exports.player_plane_stride(this.player, index);
    }

    planeRows(index) {
      return index === 0 ? this.height() : (this.height() + 1) >> 1;
    }

    /** The rows of a plane of the picture to paint, in the module's memory like image(). Only by the live protocol. */
    plane(index) {
      const memory = this.exports.memory.buffer;
      const address = this.exports.player_plane(this.player, index);
      const length = this.planeStride(index) * this.planeRows(index);
      let view = this.planes.get(address);
      if (view === undefined || view.buffer !== memory || view.length !== length) {
        if (this.planes.size >= 6) this.planes.clear();
        view = new Uint8Array(memory, address, length);
        this.planes.set(address, view);
      }
      return view;
    }

    /**
     * The pixels to paint, computed now. They lie in the module's memory: no copy is made, and the next message changes
     * them.
     */
    image() {
      this.exports.player_convert(this.player);
      const memory = this.exports.memory.buffer;
      const address = this.exports.player_pixels(this.player);
      const width = this.width();
      const height = this.height();
      const old = this.picture;
      const same = old !== null && old.width === width && old.height === height &&
        old.data.buffer === memory && old.data.byteOffset === address;
      if (!same) {
        this.picture = new ImageData(new Uint8ClampedArray(memory, address, width * height * 4), width, height);
      }
      return this.picture;
    }

    /** The last notice or goodbye. */
    notice() {
      const { exports, player } = this;
      const text = new Uint8Array(exports.memory.buffer, exports.player_text(player), exports.player_text_len(player));
      return {
        code: exports.player_notice_code(player),
        text: new TextDecoder().decode(text),
        retryAfter: exports.player_retry_after_ms(player),
      };
    }

    serverAssets() {
      const { exports, player } = this;
      const halves = [exports.player_server_assets_high(player), exports.player_server_assets_low(player)];
      return halves.map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
    }

    /** What the overlay shows. Times in milliseconds, null where not known. */
    statistics(now) {
      const { exports, player } = this;
      const delay = exports.player_delay_us(player);
      return {
        width: this.width(),
        height: this.height(),
        delay: delay < 0 ? null : delay / 1000,
        delayError: exports.player_delay_error_us(player) / 1000,
        delayFrom: TIME_MEANINGS[exports.player_time_meaning(player)] || '',
        framesPerSecond: exports.player_shown_per_second(player, now * 1000),
        bitsPerSecond: exports.player_bits_per_second(player, now * 1000),
        rendition: exports.player_rendition(player),
        renditionBitsPerSecond: exports.player_rendition_bits_per_second(player) >>> 0,
        missed: exports.player_missed(player),
        concealed: exports.player_concealed(player),
        malformed: exports.player_malformed(player),
        decodeTime: exports.player_decode_us(player) / 1000,
        slow: this.isSlow(),
      };
    }
  }

  pistreaming.EVENT = EVENT;
  pistreaming.Core = Core;
  pistreaming.compile = compile;
})(self);
