/*
 * Paints pictures onto a canvas, by 2D or by WebGL.
 *
 * Here belongs: the canvas's context and size. Not here: where pictures come from, which of the two is quicker
 * (trial.js). Runs in a worker and in a page.
 *
 * At once when a picture is there, not at the next animation frame. 2D is the way without a reason for the other:
 * measured, a worker's OffscreenCanvas has a 640×480 picture on the screen 6 ms after it was received, page's thread
 * busy or not; WebGL took 15 where there is no graphics processor.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  /** The module computes pixels, the canvas takes them. */
  class Painter2d {
    constructor(canvas) {
      this.name = '2D';
      this.canvas = canvas;
      this.image = null;
      // `false` tells a browser to keep the canvas where it paints best, though single pixels are read back in trials.
      this.context = canvas.getContext('2d', { alpha: false, willReadFrequently: false });
    }

    /** Gives the canvas another size; that clears it, so a picture has to follow in the same task. */
    resize(width, height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }

    /** What has to be computed before the core's newest picture can be painted. */
    prepare(core) {
      this.image = core.image();
    }

    paint() {
      this.context.putImageData(this.image, 0, 0);
    }

    /** Reads one pixel into `pixel`: so everything was painted. */
    finish(pixel) {
      pixel.set(this.context.getImageData(0, 0, 1, 1).data);
    }
  }

  const VERTEX_SHADER = `
    attribute vec2 corner;
    uniform vec2 luma_part, chroma_part;
    varying vec2 luma_at, chroma_at;
    void main() {
      luma_at = corner * luma_part;
      chroma_at = corner * chroma_part;
      gl_Position = vec4(2.0 * corner.x - 1.0, 1.0 - 2.0 * corner.y, 0.0, 1.0);
    }`;

  // BT.601, video range: the factors of crates/player/src/colour.rs.
  const FRAGMENT_SHADER = `
    #ifdef GL_FRAGMENT_PRECISION_HIGH
    precision highp float;
    #else
    precision mediump float;
    #endif
    uniform sampler2D plane0, plane1, plane2;
    varying vec2 luma_at, chroma_at;
    void main() {
      float y = 1.164383 * (texture2D(plane0, luma_at).r - 16.0 / 255.0);
      float b = texture2D(plane1, chroma_at).r - 128.0 / 255.0;
      float r = texture2D(plane2, chroma_at).r - 128.0 / 255.0;
      gl_FragColor = vec4(y + 1.596027 * r, y - 0.391762 * b - 0.812968 * r, y + 2.017232 * b, 1.0);
    }`;

  const CONTEXT = {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    preserveDrawingBuffer: false,
    desynchronized: true,
    powerPreference: 'low-power', // three textures a picture are no reason to wake a second graphics processor
  };

  /** The planes are uploaded as they were decoded; the graphics processor computes pixels. Only by the live protocol. */
  class PainterWebgl {
    /**
     * Throws if the browser has no WebGL. `onlost` is called when the canvas can be painted no more. `demands`: more of the
     * context's attributes.
     */
    constructor(canvas, onlost, demands) {
      this.name = 'WebGL';
      this.canvas = canvas;
      this.gl = canvas.getContext('webgl', Object.assign({}, CONTEXT, demands));
      if (this.gl === null) throw new Error('there is no WebGL');
      this.core = null;
      this.strides = [0, 0, 0];
      canvas.addEventListener('webglcontextlost', onlost);
      this.program = this.makeProgram();
      this.makeCorners();
      this.makeTextures();
    }

    makeProgram() {
      const { gl } = this;
      const program = gl.createProgram();
      for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]]) {
        const shader = gl.createShader(type);
        gl.shaderSource(shader, source);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
      }
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error('WebGL does not take the shaders');
      gl.useProgram(program);
      return program;
    }

    /** The whole canvas, as two triangles. */
    makeCorners() {
      const { gl } = this;
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
      const corner = gl.getAttribLocation(this.program, 'corner');
      gl.enableVertexAttribArray(corner);
      gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    }

    /** Plane n is in unit n. A pixel takes the sample that covers it, as by 2D. */
    makeTextures() {
      const { gl } = this;
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      for (let index = 0; index < 3; index++) {
        gl.activeTexture(gl.TEXTURE0 + index);
        gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
        gl.uniform1i(gl.getUniformLocation(this.program, 'plane' + index), index);
      }
    }

    resize(width, height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.gl.viewport(0, 0, width, height);
      this.strides.fill(0);
    }

    prepare(core) {
      this.core = core;
    }

    paint() {
      const { gl } = this;
      for (let index = 0; index < 3; index++) {
        const stride = this.core.planeStride(index);
        if (stride === 0) return;
        const rows = this.core.planeRows(index);
        gl.activeTexture(gl.TEXTURE0 + index);
        if (this.strides[index] !== stride) this.allocate(index, stride, rows);
        gl.texSubImage2D(
          gl.TEXTURE_2D, 0, 0, 0, stride, rows, gl.LUMINANCE, gl.UNSIGNED_BYTE, this.core.plane(index));
      }
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }

    /** Makes room for a plane, and cuts its padding off. */
    allocate(index, stride, rows) {
      const { gl } = this;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.LUMINANCE, stride, rows, 0, gl.LUMINANCE, gl.UNSIGNED_BYTE, null);
      this.strides[index] = stride;
      if (index === 2) return; // Cr lies as Cb does
      const step = index === 0 ? 1 : 2;
      const part = gl.getUniformLocation(this.program, index === 0 ? 'luma_part' : 'chroma_part');
      gl.uniform2f(part, this.canvas.width / step / stride, this.canvas.height / step / rows);
    }

    finish(pixel) {
      this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, pixel);
    }
  }

  pistreaming.Painter2d = Painter2d;
  pistreaming.PainterWebgl = PainterWebgl;
})(self);
