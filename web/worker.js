/*
 * The worker in which the player runs, so that nothing that the page does holds a picture up.
 *
 * Here belongs: the messages between page and worker. Not here: what is done about them (live.js). The server sends
 * wasm.js, paint.js, trial.js, silence.js, presented.js and live.js in this file, before this: a worker that asks for one after the
 * other shows its first picture later.
 */
(function () {
  'use strict';

  let session = null;

  const doings = {
    start(message) {
      const options = Object.assign({ base: self.location.href }, message.options);
      session = new self.pistreaming.Session(options, (report) => self.postMessage(report));
      // Only now is the canvas handed over: a page whose worker does not come up can still paint it itself.
      self.postMessage({ type: 'ready' });
    },
    module(message) { session.setModule(message.module); },
    canvas(message) { session.setCanvas(message.canvas, message.choice); },
    want(message) { session.want(message.hidden, message.paused); },
    hurry() { session.hurry(); },
    leave(message) { session.leave(message.left); },
    statistics(message) { session.watchStatistics(message.on, message.port); },
    close() { session.close(); self.close(); },
  };

  self.onmessage = (event) => doings[event.data.type](event.data);
})();
