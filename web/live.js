/*
 * A viewer's connection by the live protocol: the socket, coming back when it is lost, and what the events ask for.
 *
 * Here belongs: when to connect, receive, paint, send. Not here: what messages say (wasm.js), how to paint (paint.js),
 * what people are told (page.js). Runs in a worker where it can, else in the page.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};
  const { EVENT } = pistreaming;

  const SUBPROTOCOL = 'pistreaming.1';
  const TICK_MS = 1000;
  const STATISTICS_MS = 500;
  // The first try to come back follows soon; later ones less and less often, and never all viewers at one moment.
  const FIRST_RETRY_MS = 300;
  const LAST_RETRY_MS = 8000;
  // A connection attempt that nothing answers, as to a machine that is switched off, is given up after this.
  const CONNECT_MS = 6000;
  // So many tries that came to no connection, and the server is asked whether it is there at all.
  const BLOCKED_RETRIES = 3;
  const UPGRADE_REQUIRED = 426;
  // Messages that came before the module was there. The server sends little before the first acknowledgement.
  const MOST_EARLY_MESSAGES = 64;

  /** The address of the live socket beside the page's files: wss under https, and whatever path lies before it stays. */
  function liveAddress(base) {
    const address = new URL('live', base);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    return address.href;
  }

  class Session {
    /**
     * `options`: `base`, the address of the page's files; `url`, that of the live socket if it is not beside them;
     * `assets`, the digest of the page's files if it is known; `hidden`; `moduleComes`, true if setModule() will be
     * called. `report` is called with an object for every change that the page shows.
     */
    constructor(options, report) {
      this.options = options;
      this.report = report;
      this.hidden = options.hidden;
      this.paused = false;
      this.left = false;
      this.core = null;
      this.painter = null;
      this.trial = null;
      this.presentation = null; // measured while statistics are reported
      this.socket = null;
      this.early = [];
      this.spent = 0; // on the parts of the picture to come, in ms
      this.slow = false;
      this.wasOpen = false;
      this.retries = 0;
      this.retryTimer = 0;
      this.connectTimer = 0;
      this.tickTimer = 0;
      this.statisticsTimer = 0;
      this.playing = false;
      this.closed = false;
      this.loading = false;
      this.farewell = null;
      this.module = null;
      this.sendOne = (message) => this.send(message);
      this.silence = new pistreaming.Silence(new URL('healthz', options.base).href, {
        silent: () => this.report({ type: 'silent' }),
        found: () => this.connectAnew(),
      });
      this.connect();
      if (!this.hidden) this.silence.start();
    }

    /** The compiled module from elsewhere, or null if it must be loaded here after all. */
    setModule(module) {
      this.options.moduleComes = false;
      this.module = module;
      this.load();
    }

    /**
     * The canvas, or what the page made of it, and how to paint it: `paint` is '2d' or 'webgl'. `trial`: whether to find
     * out which is quicker, and report it, save for pictures of `knownSize`.
     */
    setCanvas(canvas, { paint, trial, knownSize }) {
      const failed = (lost) => this.report({ type: 'painter-failed', lost });
      if (paint === 'webgl') {
        try {
          const painter = new pistreaming.PainterWebgl(canvas, () => { if (this.painter === painter) failed(true); });
          this.painter = painter;
        } catch (error) {
          failed(false);
          return;
        }
      } else {
        this.painter = new pistreaming.Painter2d(canvas);
      }
      if (this.trial) this.trial.stop();
      this.trial = null;
      if (trial) {
        const done = (winner, size) => this.report({ type: 'trial', paint: winner, size });
        this.trial = new pistreaming.Trial(knownSize, done);
      }
      if (this.core && this.core.width() > 0) this.paint(true); // in place of another canvas: what that one showed
      this.report({ type: 'canvas-taken' });
      this.takeEarly();
    }

    /** Whether nobody sees the page, and whether the viewer asked for a pause. */
    want(hidden, paused) {
      const returned = this.hidden && !hidden;
      this.hidden = hidden;
      this.paused = paused;
      if (this.core) this.act(this.core.want(hidden, paused));
      if (hidden) this.silence.stop();
      if (!returned || this.left) return;
      this.silence.start();
      this.tick(); // the answer says whether the connection has outlived the time that nobody looked
      this.hurry();
    }

    /**
     * Whether the page was left, so that it is kept only for one who comes back to it: the browser may let it run on for
     * seconds, or stop it in the middle. It has no connection then; who comes back gets a new one at once.
     */
    leave(left) {
      this.left = left;
      if (left) {
        this.silence.stop();
        this.drop();
      } else {
        if (!this.hidden) this.silence.start();
        this.hurry();
      }
    }

    /** Something says that it is worth a try now: the network is back, somebody looks. */
    hurry() {
      if (this.closed || this.left) return;
      this.retries = 0;
      if (this.socket === null) this.connect(); else this.silence.look();
    }

    /** The server answers, but this connection does not. */
    connectAnew() {
      if (this.closed || this.left) return;
      this.drop();
      this.connect();
    }

    /** Reports statistics from now on, or no longer. `port`: to a worker of tick.js, or null. */
    watchStatistics(on, port) {
      clearInterval(this.statisticsTimer);
      if (this.presentation) this.presentation.stop();
      this.presentation = null;
      if (!on) return;
      this.presentation = new pistreaming.Presentation(port);
      this.statisticsTimer = setInterval(() => this.tellStatistics(), STATISTICS_MS);
      this.tellStatistics();
    }

    tellStatistics() {
      if (!this.core || !this.painter) return;
      const statistics = this.core.statistics(performance.now());
      const presentation = this.presentation.mean();
      const known = statistics.delay !== null && presentation !== null;
      // The core knows the delay up to the painting.
      const delay = known ? statistics.delay + presentation : null;
      this.report({ type: 'statistics', statistics: Object.assign(statistics, { delay, presentation, painter: this.painter.name }) });
    }

    close() {
      this.closed = true;
      this.silence.stop();
      this.watchStatistics(false, null);
      this.drop();
    }

    async load() {
      if (this.loading || this.options.moduleComes) return;
      this.loading = true;
      try {
        this.module = this.module || await pistreaming.compile(this.options.base, this.options.scalar);
        const core = await pistreaming.Core.live(this.module, this.options.assets);
        core.want(this.hidden, this.paused);
        this.core = core;
        if (this.socket !== null && this.socket.readyState === WebSocket.OPEN) {
          this.act(core.connected(performance.now()));
        }
        this.takeEarly();
      } catch (error) {
        this.lost('The player could not be loaded (' + error.message + ').', 0);
      } finally {
        this.loading = false;
      }
    }

    connect() {
      clearTimeout(this.retryTimer);
      this.wasOpen = false;
      this.silence.tried();
      const socket = new WebSocket(this.options.url || liveAddress(this.options.base), SUBPROTOCOL);
      socket.binaryType = 'arraybuffer';
      this.socket = socket;
      this.farewell = null;
      this.connectTimer = setTimeout(() => this.lost('', 0), CONNECT_MS);
      socket.onopen = () => this.opened();
      socket.onmessage = (event) => this.received(event.data);
      socket.onclose = () => this.lost(this.farewell ? this.farewell.text : '', this.farewell ? this.farewell.retryAfter : 0);
      // Only now: the server answers while the module is loaded.
      if (this.core === null) this.load();
      this.report({ type: 'connecting' });
    }

    opened() {
      clearTimeout(this.connectTimer);
      this.wasOpen = true;
      this.report({ type: 'connected' });
      if (this.core) this.act(this.core.connected(performance.now()));
      this.tickTimer = setInterval(() => {
        if (!this.hidden) this.tick();
      }, TICK_MS);
    }

    tick() {
      if (this.core && this.socket !== null) this.act(this.core.tick(performance.now()));
    }

    received(data) {
      if (typeof data === 'string') return; // the protocol has no text
      if (this.silence.isSilent) this.report({ type: 'heard' });
      this.silence.heard();
      if (this.core && this.painter && this.early.length === 0) {
        this.message(data);
      } else if (this.early.push(data) > MOST_EARLY_MESSAGES) {
        this.lost('The player took too long to load.', 0);
      }
    }

    takeEarly() {
      if (!this.core || !this.painter) return;
      const early = this.early;
      this.early = [];
      for (const data of early) this.message(data);
    }

    message(data) {
      const begin = performance.now();
      let events;
      try {
        events = this.core.message(data, begin);
        // A picture may come in parts, which are decoded as they come.
        this.spent += performance.now() - begin;
      } catch (error) {
        // A fault in the module: its memory may be in any state, so another one takes its place.
        this.core = null;
        if (this.trial) this.trial.stop();
        this.lost('The player failed (' + error.message + ').', 0);
        return;
      }
      this.act(events);
    }

    act(events) {
      const core = this.core;
      if (events & EVENT.PAINT) {
        const prepared = this.paint((events & EVENT.RESIZE) !== 0);
        const now = performance.now();
        events |= core.painted(this.spent + prepared, now);
        this.spent = 0;
        if (events & EVENT.RESIZE || !this.playing) this.shown();
        if (core.isSlow() !== this.slow) this.tellSlow();
        if (this.trial) this.trial.shown(core, now);
      }
      if (events & EVENT.SEND) core.sendAll(this.sendOne);
      if (events & EVENT.NOTICE) this.report(Object.assign({ type: 'notice' }, core.notice()));
      if (events & EVENT.RELOAD) this.report({ type: 'reload', assets: core.serverAssets() });
      if (events & EVENT.BYE) this.farewell = core.notice();
      if (events & EVENT.STALE) this.lost('', 0);
    }

    /**
     * Paints the core's newest picture; `resized`: on a canvas of another size. That clears the canvas, so nothing may lie
     * between it and the painting, and no browser shows a canvas in the middle of a task. Returns the ms that it took to
     * have the pixels.
     */
    paint(resized) {
      const begin = performance.now();
      this.painter.prepare(this.core);
      const prepared = performance.now() - begin;
      if (resized) this.painter.resize(this.core.width(), this.core.height());
      this.painter.paint();
      if (this.presentation) this.presentation.painted();
      return prepared;
    }

    /** The device has become too slow for the stream, or is so no longer. */
    tellSlow() {
      this.slow = this.core.isSlow();
      this.report({ type: 'slow', slow: this.slow });
    }

    shown() {
      this.playing = true;
      this.retries = 0;
      this.report({ type: 'playing', width: this.core.width(), height: this.core.height() });
    }

    /**
     * No connection comes about. A script is not told why; but where the server answers requests at this very address,
     * something between lets no WebSocket through.
     */
    async askForBlock() {
      let blocked = false;
      try {
        const answer = await fetch(new URL('live', this.options.base).href, { cache: 'no-store' });
        blocked = answer.status === UPGRADE_REQUIRED;
      } catch (error) {
        // Nothing answers.
      }
      if (!this.wasOpen) this.report({ type: 'blocked', blocked });
    }

    send(message) {
      if (this.socket !== null && this.socket.readyState === WebSocket.OPEN) this.socket.send(message);
    }

    drop() {
      clearTimeout(this.connectTimer);
      clearTimeout(this.retryTimer);
      clearInterval(this.tickTimer);
      const socket = this.socket;
      this.socket = null;
      this.early = [];
      this.playing = false;
      if (socket === null) return;
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }

    /** The connection is lost: say so, and come back; with nobody looking, only when somebody does. */
    lost(text, retryAfter) {
      this.drop();
      if (this.closed || this.left) return;
      const backOff = Math.min(FIRST_RETRY_MS * Math.pow(2, this.retries), LAST_RETRY_MS);
      const wait = Math.max(retryAfter, backOff) * (0.75 + Math.random() / 2);
      this.retries += 1;
      this.report({ type: 'lost', text, retries: this.retries });
      if (!this.wasOpen && this.retries >= BLOCKED_RETRIES) this.askForBlock();
      if (!this.hidden) this.retryTimer = setTimeout(() => this.connect(), wait);
    }
  }

  pistreaming.Session = Session;
})(self);
