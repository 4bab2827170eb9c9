/*
 * The worker in which the player runs, so that nothing that the page does holds a picture up.
 *
 * Here belongs: the messages between page and worker. Not here: what is done about them (live.js).
 */
'use strict';

importScripts('wasm.js', 'paint.js', 'live.js');

(function () {
  let session = null;

  const doings = {
    start(message) {
      session = new self.pistreaming.Session(message.options, (report) => self.postMessage(report));
      // Only now is the canvas handed over: a page whose worker does not come up can still paint it itself.
      self.postMessage({ type: 'ready' });
    },
    canvas(message) { session.setCanvas(message.canvas); },
    want(message) { session.want(message.hidden, message.paused); },
    hurry() { session.hurry(); },
    statistics(message) { session.watchStatistics(message.on); },
    close() { session.close(); self.close(); },
  };

  self.onmessage = (event) => doings[event.data.type](event.data);
})();
