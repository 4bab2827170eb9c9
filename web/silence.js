/*
 * Notices that nothing is heard any more, and finds out when the server can be reached again.
 *
 * Here belongs: how long is too long, and asking. Not here: what is done about it (live.js).
 *
 * A link that comes back does not say so. TCP tries again less and less often: after an outage of ten seconds its next
 * try can be six seconds away. A new connection tries at once, so short requests are made one after the other, each
 * given up soon; when one is answered a new socket will be, too.
 */
(function (scope) {
  'use strict';

  const pistreaming = scope.pistreaming = scope.pistreaming || {};

  // The server is asked for its clock once a second unless pictures come more often.
  const TOO_LONG_MS = 1500;
  const INTERVAL_MS = 500;
  // Two round trips of a slow link; the next request begins before.
  const PATIENCE_MS = 900;
  // Who is gone for longer is left to the tries to come back, which become rarer.
  const GIVE_UP_MS = 30000;

  class Silence {
    /** `address`: what to ask for. `silent` is called when nothing was heard for too long, `found` when there is an answer. */
    constructor(address, { silent, found }) {
      this.address = address;
      this.silent = silent;
      this.found = found;
      this.timer = 0;
      this.isSilent = false;
      this.heardAt = 0;
      this.triedAt = 0;
    }

    start() {
      this.stop();
      this.heard();
      this.timer = setInterval(() => this.look(), INTERVAL_MS * (0.9 + Math.random() / 5));
    }

    stop() {
      clearInterval(this.timer);
      this.timer = 0;
    }

    /** Something came from the server. */
    heard() {
      this.isSilent = false;
      this.heardAt = this.triedAt = performance.now();
    }

    /** A new connection is being made: it gets its time, too. */
    tried() {
      this.triedAt = performance.now();
    }

    look() {
      const now = performance.now();
      if (this.timer === 0 || now - this.triedAt < TOO_LONG_MS || now - this.heardAt > GIVE_UP_MS) return;
      if (!this.isSilent) {
        this.isSilent = true;
        this.silent();
      }
      this.ask();
    }

    async ask() {
      if (typeof AbortController !== 'function') return; // requests that cannot be given up would pile up
      const { triedAt } = this;
      const abort = new AbortController();
      const patience = setTimeout(() => abort.abort(), PATIENCE_MS);
      try {
        // Whatever it answers, it can be reached.
        await fetch(this.address, { cache: 'no-store', signal: abort.signal });
        if (this.timer !== 0 && this.triedAt === triedAt) this.found();
      } catch (error) {
        // No answer: the next request is on its way.
      } finally {
        clearTimeout(patience);
      }
    }
  }

  pistreaming.Silence = Silence;
})(self);
