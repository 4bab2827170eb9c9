/*
 * A worker that, asked for it, waits for the browser's next animation frame and says when that came.
 *
 * Here belongs: one animation frame. Not here: what it is asked for (presented.js). Messages: `[frame, now]`, in ms since
 * 1970: what the frame is called, and when it came.
 */
(function () {
  'use strict';

  self.onmessage = ({ data: port }) => {
    port.onmessage = () => self.requestAnimationFrame((frame) => {
      const origin = performance.timeOrigin;
      port.postMessage([origin + frame, origin + performance.now()]);
    });
    port.postMessage(null); // it runs
  };
})();
