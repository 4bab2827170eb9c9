/*
 * Paints pictures onto a canvas.
 *
 * Here belongs: the canvas's context and size. Not here: where pictures come from. Runs in a worker and in a page.
 *
 * A 2D context and putImageData, at once when a picture is there, not at the next animation frame: measured, a worker's
 * OffscreenCanvas has a 640×480 picture on the screen 6 ms after it was received, page's thread busy or not; WebGL 2
 * took 15 where there is no graphics processor, and gains nothing at this size where there is one.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  class Painter {
    constructor(canvas) {
      this.canvas = canvas;
      this.context = canvas.getContext('2d', { alpha: false });
    }

    /** Gives the canvas another size; that clears it, so a picture has to follow in the same task. */
    resize(width, height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }

    paint(image) {
      this.context.putImageData(image, 0, 0);
    }
  }

  pistreaming.Painter = Painter;
})(self);
