/*
 * The page: what people see around the picture, and their keys, taps and clicks.
 *
 * Here belongs: words, buttons, full screen. Not here: how the picture gets here (player.js and below).
 */
(function () {
  'use strict';

  const IDLE_MS = 2500;
  // A connection that is made again sooner than this needs no words. The first try comes after some 300 ms.
  const PATIENCE_MS = 700;
  // So long "Loading…" is all that need be said.
  const FIRST_PICTURE_MS = 4000;

  const PAUSED = 'Paused';
  const BLOCKED = 'The server answers, but no video gets through: a proxy in between must pass on WebSockets and the Host header. Trying again…';

  const at = (id) => document.getElementById(id);
  const stage = at('stage');
  const trouble = at('trouble');
  const buttons = {
    statistics: at('statistics-button'),
    pause: at('pause-button'),
    fullScreen: at('full-screen-button'),
  };

  /* ---- Words ---- */

  const state = { missing: '', broken: '', blocked: false, lost: '', notice: '', paused: false, connected: false, waiting: false };
  let lostTimer = 0;

  /** The one thing to say, the most important first, and whether something is being done about it. */
  function words() {
    if (state.missing) return [state.missing, false];
    if (state.broken) return [state.broken, false];
    if (state.paused) return [PAUSED, false];
    if (state.blocked) return [BLOCKED, true];
    if (state.lost) return [state.lost, true];
    if (state.notice) return [state.notice, true];
    if (state.waiting) {
      return [state.connected ? 'Connected; the camera has given no picture yet.' : 'The server does not answer; trying again…', true];
    }
    return ['', false];
  }

  function tell() {
    const [text, trying] = words();
    // Only what is new is written: a screen reader reads out each change.
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = text === '';
    trouble.classList.toggle('trying', trying);
    const paused = text === PAUSED;
    stage.classList.toggle('paused', paused);
    stage.classList.toggle('troubled', text !== '' && !state.waiting && !paused);
  }

  function set(change) {
    Object.assign(state, change);
    tell();
  }

  function browserIsTooOld() {
    const missing = [];
    if (typeof WebAssembly !== 'object') missing.push('WebAssembly');
    if (typeof WebSocket !== 'function') missing.push('WebSocket');
    if (typeof fetch !== 'function') missing.push('fetch');
    return missing.length === 0 ? '' : 'This browser is too old for live video: it lacks ' + missing.join(' and ') +
      '. Any browser from 2018 on will do.';
  }

  /* ---- What the player reports ---- */

  const readableRate = (bits) => (bits < 1e6 ? Math.round(bits / 1e3) + ' kbit/s' : (bits / 1e6).toFixed(2) + ' Mbit/s');

  const numbers = {
    /** "14 ms ± 1 since the driver had the frame" */
    delay(figures) {
      if (state.lost) return ['no picture comes', ''];
      if (figures.delay === null) return ['not known yet', ''];
      const from = {
        sensor: 'since the sensor’s exposure',
        driver: 'since the driver had the frame',
        arrival: 'since the frame’s arrival here',
      }[figures.delayFrom] || '';
      return [Math.round(figures.delay) + ' ms', '± ' + Math.max(1, Math.round(figures.delayError)) + ', ' + from];
    },
    /** "320 × 240 a lower rendition of at most 200 kbit/s, for this link" */
    size(figures) {
      const lower = 'a lower rendition of at most ' + readableRate(figures.renditionBitsPerSecond) + ', for this ' + (figures.slow ? 'device' : 'link');
      return [figures.width === 0 ? 'none yet' : figures.width + ' × ' + figures.height, figures.rendition === 0 ? '' : lower];
    },
    rate: (figures) => [Math.round(figures.framesPerSecond) + ' frames/s', readableRate(figures.bitsPerSecond)],
    losses(figures) {
      const damage = [];
      if (figures.concealed > 0) damage.push(figures.concealed + ' blocks mended');
      if (figures.malformed > 0) damage.push(figures.malformed + ' messages not understood');
      return [figures.missed === 1 ? '1 picture' : figures.missed + ' pictures', damage.join(', ')];
    },
    decoding(figures) {
      const detail = 'a picture, painted by ' + figures.painter + (figures.slow ? '; this device is too slow for the stream' : '');
      return [figures.decodeTime.toFixed(1) + ' ms', detail];
    },
  };

  function showStatistics(figures) {
    for (const name of Object.keys(numbers)) {
      const [main, detail] = numbers[name](figures);
      const entry = at(name);
      entry.textContent = main + ' ';
      const small = document.createElement('small');
      small.textContent = detail;
      entry.appendChild(small);
    }
    at('overlay').dataset.figures = JSON.stringify(figures);
  }

  /** An old page loads itself anew, but only once for each state of the server's: something between may hold old files. */
  function reload(assets) {
    try {
      if (sessionStorage.getItem('pistreaming.reloaded') === assets) return;
      sessionStorage.setItem('pistreaming.reloaded', assets);
    } catch (error) {
      return; // without memory there is no "once"
    }
    location.reload();
  }

  const reports = {
    connecting() {},
    connected() { set({ connected: true, blocked: false }); },
    playing() {
      clearTimeout(lostTimer);
      lostTimer = 0;
      stage.classList.add('playing');
      set({ lost: '', waiting: false });
    },
    notice(report) { set({ notice: report.code === 0 ? '' : report.text }); },
    lost(report) {
      state.connected = false;
      state.notice = '';
      const text = (report.text ? report.text.replace(/\.?$/, '. ') : 'The connection to the server was lost. ') + 'Reconnecting…';
      // What was said once stays until there are pictures again: it must not flicker with each try.
      if (state.lost || !stage.classList.contains('playing') && !report.text) return;
      if (report.text) {
        set({ lost: text });
      } else if (lostTimer === 0) {
        lostTimer = setTimeout(set, PATIENCE_MS, { lost: text });
      }
    },
    blocked(report) { set({ blocked: report.blocked }); },
    silent() { reports.lost({ text: '' }); },
    heard() {
      clearTimeout(lostTimer);
      lostTimer = 0;
      if (stage.classList.contains('playing')) set({ connected: true, lost: '' });
    },
    slow(report) { at('hint').hidden = !report.slow; },
    statistics(report) { showStatistics(report.statistics); },
    reload(report) { reload(report.assets); },
    broken(report) { set({ broken: report.text + ' Load the page anew.' }); },
  };

  /* ---- Full screen ---- */

  const fullScreenElement = () => document.fullscreenElement || document.webkitFullscreenElement || null;
  const enterFullScreen = stage.requestFullscreen || stage.webkitRequestFullscreen;
  const leaveFullScreen = document.exitFullscreen || document.webkitExitFullscreen;

  function toggleFullScreen() {
    if (!enterFullScreen) return;
    const done = fullScreenElement() ? leaveFullScreen.call(document) : enterFullScreen.call(stage);
    if (done && done.catch) done.catch(() => {}); // refused: the page stays as it is
  }

  function fullScreenChanged() {
    buttons.fullScreen.setAttribute('aria-pressed', String(fullScreenElement() !== null));
  }

  /* ---- Keys, taps, clicks ---- */

  let idleTimer = 0;

  function busy() {
    stage.classList.remove('idle');
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => stage.classList.add('idle'), IDLE_MS);
  }

  function listen(player) {
    let statisticsOn = false;

    function toggleStatistics() {
      statisticsOn = !statisticsOn;
      at('overlay').hidden = !statisticsOn;
      buttons.statistics.setAttribute('aria-pressed', String(statisticsOn));
      player.watchStatistics(statisticsOn);
    }

    function togglePause() {
      set({ paused: !state.paused });
      buttons.pause.setAttribute('aria-pressed', String(state.paused));
      player.pause(state.paused);
    }

    buttons.statistics.onclick = toggleStatistics;
    buttons.pause.onclick = togglePause;
    buttons.fullScreen.onclick = toggleFullScreen;

    const keys = { s: toggleStatistics, f: toggleFullScreen, ' ': togglePause };
    document.addEventListener('keydown', (event) => {
      const onButton = event.target instanceof HTMLButtonElement && event.key === ' ';
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || onButton) return;
      const doing = keys[event.key.toLowerCase()];
      if (!doing) return;
      event.preventDefault();
      busy();
      doing();
    });

    // A tap shows the figures, two taps or a double click full screen: the second takes back what the first did.
    stage.addEventListener('click', (event) => {
      if (!at('controls').contains(event.target)) toggleStatistics();
    });
    stage.addEventListener('dblclick', (event) => {
      if (!at('controls').contains(event.target)) toggleFullScreen();
    });
  }

  function start() {
    document.title = location.host + ' – pistreaming'; // of several cameras each is on another port, or host
    for (const name of ['pointermove', 'pointerdown', 'focusin']) document.addEventListener(name, busy);
    for (const name of ['fullscreenchange', 'webkitfullscreenchange']) document.addEventListener(name, fullScreenChanged);
    buttons.fullScreen.hidden = !enterFullScreen;
    busy();
    const missing = browserIsTooOld();
    if (missing) {
      set({ missing });
      return;
    }
    setTimeout(() => {
      if (!stage.classList.contains('playing')) set({ waiting: true });
    }, FIRST_PICTURE_MS);
    listen(new self.pistreaming.Player(at('picture'), {
      assets: document.documentElement.dataset.assets,
      paint: (/[?&]paint=(2d|webgl)(?:&|$)/.exec(location.search) || [])[1],
      scalar: /[?&]simd=no(?:&|$)/.test(location.search),
      onreport: (report) => reports[report.type](report),
    }));
  }

  start();
})();
