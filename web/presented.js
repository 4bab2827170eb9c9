/*
 * How long it takes from the painting of a picture until the browser has put it on the screen.
 *
 * Here belongs: measuring that, while somebody looks at the figures. Not here: painting, the delay before it. Runs in a
 * worker and in a page.
 *
 * No browser tells when a canvas was shown. Two waits make up most of it. A canvas that was painted is handed to the
 * compositor at the next animation frame: asked for in the task of the painting, that frame comes to us in the same
 * moment. Then the compositor draws; Chromium's does so in the thread that also gives out animation frames. So another
 * worker (tick.js) asks for the same frame as soon as ours is there: what Chromium gives it then, late but by the same
 * name, it gives when it has drawn. Where the frame has another name, as in Firefox, it says nothing.
 *
 * What remains unseen is the way from there to the display. A page's first-paint entries and `elementtiming` have a time
 * of presentation, but that of the page's own frames, which its busy thread holds up and a worker's canvas need not wait
 * for.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  // Every picture might be measured: it costs three messages. But the figures are read twice a second.
  const INTERVAL_MS = 200;
  // Where the phase of pictures against the screen's frames drifts, the waits of the last seconds are those of now.
  const COUNTED = 10;
  // Frames do not come while nobody looks.
  const MOST_MS = 250;
  // If nothing can be measured by then, there are no frames to ask for.
  const PATIENCE_MS = 1000;

  const sinceEpoch = () => performance.timeOrigin + performance.now();

  /** The last few values. */
  class Recent {
    constructor() {
      this.values = [];
    }

    push(value) {
      if (this.values.push(value) > COUNTED) this.values.shift();
    }

    /** 0 if there are none. */
    mean() {
      return this.values.reduce((sum, value) => sum + value, 0) / Math.max(1, this.values.length);
    }
  }

  class Presentation {
    /** `port`: to a worker of tick.js, or null where there is none. */
    constructor(port) {
      this.port = port;
      this.ticks = false;
      this.waits = new Recent(); // for the frame
      this.draws = new Recent(); // from there
      this.begunAt = sinceEpoch();
      this.waiting = false; // for our frame
      this.paintedAt = -Infinity;
      this.frame = 0;
      this.frameAt = 0;
      // A message to ourselves: what else the frame is for is done in the task in between.
      this.turn = new MessageChannel();
      this.turn.port1.onmessage = () => this.port.postMessage(null);
      this.onframe = (frame) => this.came(frame);
      if (port !== null) port.onmessage = ({ data }) => { if (data === null) this.ticks = true; else this.drawn(data); };
    }

    /** A picture was painted in this task. */
    painted() {
      const now = sinceEpoch();
      if (this.waiting || now - this.paintedAt < INTERVAL_MS) return;
      this.waiting = true;
      this.paintedAt = now;
      try {
        scope.requestAnimationFrame(this.onframe);
      } catch (error) {
        // A worker that gets none: it waits for ever.
      }
    }

    came(frame) {
      this.waiting = false;
      this.frame = performance.timeOrigin + frame;
      this.frameAt = sinceEpoch();
      const wait = this.frameAt - this.paintedAt;
      if (wait > MOST_MS) return;
      this.waits.push(wait);
      if (this.ticks) this.turn.port2.postMessage(null);
    }

    drawn([frame, now]) {
      const draw = now - this.frameAt;
      if (Math.abs(frame - this.frame) < 1 && draw < MOST_MS) this.draws.push(Math.max(0, draw));
    }

    /** From painting to the screen on average of the last pictures, in ms: null before the first was measured. */
    mean() {
      if (this.waits.values.length === 0 && sinceEpoch() - this.begunAt < PATIENCE_MS) return null;
      return this.waits.mean() + this.draws.mean();
    }

    stop() {
      this.turn.port1.close();
      if (this.port !== null) this.port.close();
    }
  }

  pistreaming.Presentation = Presentation;
})(self);
