/*
 * The player as a page sees it: `new pistreaming.Player(canvas, options)`.
 *
 * Here belongs: the choice between worker and page, and one face for both. Not here: what people are told (page.js),
 * the connection (live.js).
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};
  const BASE = document.currentScript.src;
  // What the trial found, "2d" or "webgl", and the picture's size for which it did. The first without the second is
  // somebody's own wish, and stays.
  const REMEMBERED_PAINT = 'pistreaming.paint';
  const REMEMBERED_SIZE = 'pistreaming.paint.size';
  // WebGL that is taken away more often than that is no way to paint.
  const LOSSES_MS = 60000;
  const MOST_LOSSES = 2;
  // So long the canvas before stays below the one that was taken in its place: no browser tells when that is on the screen,
  // WebGL without a graphics processor takes some frames, and there it is in nobody's way.
  const BELOW_MS = 1000;

  function remembered(name) {
    try {
      return localStorage.getItem(name);
    } catch (error) {
      return null;
    }
  }

  function remember(name, text) {
    try {
      localStorage.setItem(name, text);
    } catch (error) {
      // The next page finds it out again.
    }
  }

  /** How to paint, and whether to find out what is quicker: not if the page or its user said what to do. */
  function choosePaint(wish) {
    if (wish === '2d' || wish === 'webgl') return { paint: wish, trial: false, knownSize: null };
    const paint = remembered(REMEMBERED_PAINT);
    const knownSize = remembered(REMEMBERED_SIZE);
    const known = paint === '2d' || paint === 'webgl';
    return { paint: known ? paint : '2d', trial: !known || knownSize !== null, knownSize: known ? knownSize : null };
  }

  function canPaintInWorker(canvas) {
    if (typeof Worker !== 'function' || typeof OffscreenCanvas !== 'function') return false;
    if (typeof canvas.transferControlToOffscreen !== 'function') return false;
    // For some years OffscreenCanvas was there for WebGL only.
    return new OffscreenCanvas(1, 1).getContext('2d') !== null;
  }

  /** The worker that the page's head began, if it runs and was not taken before. */
  function takeEarlyWorker() {
    const early = pistreaming.early;
    delete pistreaming.early;
    return early && !early.failed ? early : null;
  }

  function loadScript(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = new URL(name, BASE).href;
      script.onload = resolve;
      script.onerror = () => reject(new Error(script.src + ' could not be loaded'));
      document.head.appendChild(script);
    });
  }

  class Player {
    /**
     * Plays the live picture on `canvas`. `options`, all of them optional: `onreport`, called with an object for every
     * change; `assets`, the digest of the page's files; `url`, the live socket; `inPage`, true to do without a worker;
     * `scalar`, true to do without SIMD; `paint`, '2d' or 'webgl', else what was quicker when it was last tried here.
     */
    constructor(canvas, options) {
      const given = options || {};
      this.canvas = canvas;
      this.report = given.onreport || function () {};
      this.hidden = document.hidden;
      this.paused = false;
      this.left = false;
      this.statisticsOn = false;
      this.ticker = null; // a worker of tick.js, while statistics are reported
      this.handler = null;
      this.below = null; // the canvas whose place was taken
      this.handOver = null; // gives the canvas to what paints
      this.closed = false;
      this.inPage = Boolean(given.inPage);
      this.choice = choosePaint(given.paint);
      this.remembers = this.choice.trial;
      this.losses = []; // when WebGL was taken away
      this.options = {
        base: BASE,
        url: given.url || null,
        assets: given.assets || null,
        scalar: Boolean(given.scalar),
        hidden: this.hidden,
      };
      this.onvisibility = () => this.want(document.hidden, this.paused);
      this.ononline = () => this.tell({ type: 'hurry' });
      this.onpagehide = () => this.leave(true);
      this.onpageshow = () => this.leave(false);
      document.addEventListener('visibilitychange', this.onvisibility);
      scope.addEventListener('online', this.ononline);
      scope.addEventListener('pagehide', this.onpagehide);
      scope.addEventListener('pageshow', this.onpageshow);
      this.start();
      const untaken = takeEarlyWorker();
      if (untaken) untaken.worker.terminate();
    }

    pause(paused) {
      this.want(this.hidden, paused);
    }

    /** Reports statistics from now on, or no longer. */
    watchStatistics(on) {
      this.statisticsOn = on;
      if (!this.handler) return;
      this.endTicker();
      const port = on ? this.startTicker() : null;
      this.tell({ type: 'statistics', on, port }, port ? [port] : []);
    }

    /** A worker of the page's own, for one within a worker is given no animation frames. Returns the port to it, or null. */
    startTicker() {
      try {
        this.ticker = new Worker(new URL('tick.js', BASE).href);
      } catch (error) {
        return null; // no workers, or not from there
      }
      const { port1, port2 } = new MessageChannel();
      this.ticker.onerror = (event) => event.preventDefault();
      this.ticker.postMessage(port2, [port2]);
      return port1;
    }

    endTicker() {
      if (this.ticker) this.ticker.terminate();
      this.ticker = null;
    }

    close() {
      this.closed = true;
      document.removeEventListener('visibilitychange', this.onvisibility);
      scope.removeEventListener('online', this.ononline);
      scope.removeEventListener('pagehide', this.onpagehide);
      scope.removeEventListener('pageshow', this.onpageshow);
      this.endTicker();
      this.tell({ type: 'close' });
    }

    want(hidden, paused) {
      this.hidden = hidden;
      this.paused = paused;
      this.tell({ type: 'want', hidden, paused });
    }

    /** The page is left, or somebody has come back to it; the first `pageshow` says nothing new. */
    leave(left) {
      if (left === this.left) return;
      this.left = left;
      this.tell({ type: 'leave', left });
    }

    tell(message, transfer) {
      if (this.handler) this.handler(message, transfer);
    }

    start() {
      if (!this.inPage && canPaintInWorker(this.canvas)) this.startWorker(); else this.startInPage();
    }

    /** What worker or session say; what concerns painting is settled here. */
    heard(report) {
      if (report.type === 'trial') {
        remember(REMEMBERED_PAINT, report.paint);
        remember(REMEMBERED_SIZE, report.size);
      } else if (report.type === 'painter-failed') {
        this.repaint(report.lost);
      } else if (report.type === 'canvas-taken') {
        const { below } = this;
        setTimeout(() => { if (this.below === below) this.uncover(); }, BELOW_MS);
      } else {
        this.report(report);
      }
    }

    /**
     * A canvas by WebGL can be painted no more: a new one takes its place, for one that had WebGL takes nothing else, and
     * one that lost it would have to wait until the browser gives it back. By WebGL again if that was `lost`, but for the
     * third time in a minute; by 2D if there is none to be had. Until it is painted it is transparent, and the old one,
     * which may still show its last picture, lies below it.
     */
    repaint(lost) {
      if (this.closed || this.choice.paint === '2d') return;
      const now = performance.now();
      this.losses = this.losses.filter((time) => now - time < LOSSES_MS).concat(now);
      const again = lost && this.losses.length <= MOST_LOSSES;
      if (!again && this.remembers) remember(REMEMBERED_PAINT, '2d');
      this.choice = { paint: again ? 'webgl' : '2d', trial: false, knownSize: null };
      this.uncover();
      this.below = this.canvas;
      this.canvas = this.below.cloneNode(false);
      const { offsetLeft, offsetTop, offsetWidth, offsetHeight, style } = this.below;
      this.canvas.style.position = 'relative';
      this.below.after(this.canvas);
      Object.assign(style, {
        position: 'absolute',
        margin: '0',
        left: offsetLeft + 'px',
        top: offsetTop + 'px',
        width: offsetWidth + 'px',
        height: offsetHeight + 'px',
      });
      this.handOver();
    }

    /** The old canvas is needed no more, if there is one. */
    uncover() {
      if (!this.below) return;
      this.below.remove();
      this.below = null;
      this.canvas.style.position = '';
    }

    startWorker() {
      let worker;
      let ready = false;
      const early = this.options.url || this.options.scalar ? null : takeEarlyWorker();
      try {
        worker = early ? early.worker : new Worker(new URL('worker.js', BASE).href);
      } catch (error) {
        this.startInPage(); // files on another origin: its workers are not for us
        return;
      }
      worker.onerror = (event) => {
        event.preventDefault();
        worker.terminate();
        if (ready) {
          this.report({ type: 'broken', text: 'The player failed (' + event.message + ').' });
        } else {
          this.startInPage();
        }
      };
      worker.onmessage = (event) => {
        if (event.data.type !== 'ready') {
          this.heard(event.data);
          return;
        }
        ready = true;
        this.begin((message, transfer) => worker.postMessage(message, transfer || []));
        this.handOver = () => {
          const canvas = this.canvas.transferControlToOffscreen();
          this.tell({ type: 'canvas', canvas, choice: this.choice }, [canvas]);
        };
        this.handOver();
      };
      if (early) early.heard.forEach(worker.onmessage); else worker.postMessage({ type: 'start', options: this.options });
    }

    async startInPage() {
      try {
        for (const name of ['wasm.js', 'paint.js', 'silence.js', 'presented.js', 'live.js']) await loadScript(name);
      } catch (error) {
        this.report({ type: 'broken', text: error.message });
        return;
      }
      const session = new pistreaming.Session(this.options, (report) => this.heard(report));
      const doings = {
        want: (message) => session.want(message.hidden, message.paused),
        hurry: () => session.hurry(),
        leave: (message) => session.leave(message.left),
        statistics: (message) => session.watchStatistics(message.on, message.port),
        close: () => session.close(),
      };
      this.begin((message) => doings[message.type](message));
      // No trial: it would hold up the page.
      this.handOver = () => session.setCanvas(this.canvas, Object.assign({}, this.choice, { trial: false }));
      this.handOver();
    }

    /** From now on wishes have a taker; he is told those that were uttered before. */
    begin(handler) {
      this.handler = handler;
      if (this.closed) {
        this.tell({ type: 'close' });
        return;
      }
      this.want(this.hidden, this.paused);
      if (this.left) this.tell({ type: 'leave', left: true });
      if (this.statisticsOn) this.watchStatistics(true);
    }
  }

  pistreaming.Player = Player;
})(self);
