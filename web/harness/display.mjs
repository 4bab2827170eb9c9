// A screen without a monitor, for browsers with a window: Xvfb.
//
// Here belongs: starting and ending it. Not here: what is on it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** An X server on a display number of its own choice. */
export async function startDisplay() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = await once(child.stdio[3], 'data');
  return { child, display: `:${String(number).trim()}` };
}

/** Ends a child process, and waits for it. */
export async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
