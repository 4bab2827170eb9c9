/*
 * Finds out which of the two painters is quicker here, on the pictures that are being shown.
 *
 * Here belongs: when and how often, and who wins. Not here: how they paint (paint.js), what remembers it (player.js).
 *
 * One painter paints one picture on a canvas of its own, and only when the browser has drawn what is shown: until the next
 * picture comes there is most of an interval, so that nothing is shown later for it. Made at once in a task of its own, ten
 * pictures of the fifth second were 7 to 30 ms late, in the traces of a machine without a graphics processor. There nothing
 * is tried any more: WebGL in software never won.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  // Starting costs enough at first.
  const CALM_MS = 3000;
  // The first turn of each is not counted: it has things to allocate.
  const COUNTED_TURNS = 7;
  // WebGL has to be clearly quicker: a canvas of that kind can be lost, and what it takes to be on the screen is not
  // measured.
  const CLEARLY = 0.8;
  // From the frame in which a picture is handed to the compositor until that has drawn it, on a slow machine.
  const DRAWING_MS = 5;
  // Where there are no frames to ask for.
  const FRAME_MS = 17;

  function median(durations) {
    return durations.sort((a, b) => a - b)[durations.length >> 1];
  }

  /** Does something when the browser has drawn what was painted in this task. */
  function afterDrawing(doing) {
    try {
      scope.requestAnimationFrame(() => setTimeout(doing, DRAWING_MS));
    } catch (error) {
      setTimeout(doing, FRAME_MS);
    }
  }

  class Trial {
    /**
     * `knownSize`: the size, like '640x480', for which the result is known. `done` is called with '2d' or 'webgl' and
     * the size for which that is.
     */
    constructor(knownSize, done) {
      this.knownSize = knownSize;
      this.done = done;
      this.width = 0;
      this.height = 0;
      this.known = false; // for the size of now
      this.calmAt = 0;
      this.ways = null;
      this.turns = 0;
      this.core = null; // whose picture is waited for to be drawn
      this.pixel = new Uint8Array(4);
    }

    /** A picture of `core` was just shown. */
    shown(core, now) {
      if (this.core !== null) return;
      if (core.width() !== this.width || core.height() !== this.height) this.begin(core, now);
      if (this.known || now < this.calmAt) return;
      this.core = core;
      afterDrawing(() => {
        if (this.core !== core) return;
        this.core = null;
        this.turn(core);
      });
    }

    /** The core may be used no longer. */
    stop() {
      this.core = null;
    }

    size() {
      return this.width + 'x' + this.height;
    }

    begin(core, now) {
      this.width = core.width();
      this.height = core.height();
      this.known = this.size() === this.knownSize;
      this.calmAt = now + CALM_MS;
      this.ways = null;
      this.turns = 0;
    }

    turn(core) {
      if (this.known || core.width() !== this.width || core.height() !== this.height) return;
      if (this.ways === null) {
        this.prepare(core);
        return;
      }
      const way = this.ways[this.turns % 2];
      const begin = performance.now();
      way.painter.prepare(core);
      way.painter.paint();
      way.painter.finish(this.pixel);
      if (this.turns > 1) way.durations.push(performance.now() - begin);
      this.turns += 1;
      if (this.turns < 2 * (COUNTED_TURNS + 1)) return;
      const [by2d, byWebgl] = this.ways.map(({ durations }) => median(durations));
      this.end(byWebgl < by2d * CLEARLY ? 'webgl' : '2d');
    }

    prepare(core) {
      const lost = () => { if (this.ways !== null) this.end('2d'); };
      try {
        const painters = [
          new pistreaming.Painter2d(new OffscreenCanvas(1, 1)),
          new pistreaming.PainterWebgl(new OffscreenCanvas(1, 1), lost, { failIfMajorPerformanceCaveat: true }),
        ];
        this.ways = painters.map((painter) => ({ painter, durations: [] }));
      } catch (error) {
        this.end('2d'); // there is no WebGL, so there is no choice
        return;
      }
      for (const { painter } of this.ways) painter.resize(core.width(), core.height());
    }

    end(winner) {
      this.known = true;
      this.knownSize = this.size();
      this.ways = null;
      this.done(winner, this.knownSize);
    }
  }

  pistreaming.Trial = Trial;
})(self);
