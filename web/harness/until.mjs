// Waiting for something to become so in a page, but not for ever: a test that hangs keeps browsers and programs alive.
//
// Here belongs: looking again and again. Not here: what is looked at.

const PATIENCE_MS = 30_000;
const INTERVAL_MS = 50;

/** Looks until `look` gives something that is not false, '' or undefined, and gives that. `what`: what is waited for. */
export async function until(what, look, patienceMs = PATIENCE_MS) {
  const end = Date.now() + patienceMs;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  throw new Error(`waited in vain: ${what}`);
}
