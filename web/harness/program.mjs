// Starts the real program on free ports, and stops it.
//
// Here belongs: the child process and what it prints. Not here: browsers, what is asserted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../target/release/pistreaming', import.meta.url));
const PROGRAM = process.env.PISTREAMING_PROGRAM || process.env.PISTREAMING_BIN || BUILT;

/**
 * Starts the program with `options` (default: the pattern on free ports) and waits until it listens. It is ended when
 * the test of the context `test` ends, if one is given.
 */
export async function startProgram(options = [], test = null) {
  const given = (name) => options.includes(name);
  const all = ['--bind', '127.0.0.1', ...options];
  if (!given('--source')) all.push('--source', 'pattern');
  if (!given('--port')) all.push('--port', '0');
  if (!given('--ws-port')) all.push('--ws-port', '0');
  const child = spawn(PROGRAM, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const program = { child, output: '', port: 0, wsPort: 0, url: '' };
  child.stderr.on('data', (data) => { program.output += data; });
  await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${PROGRAM}: ${error.message}; build it or set PISTREAMING_PROGRAM`)));
    child.on('exit', (status) => reject(new Error(`${PROGRAM} ${all.join(' ')} ended with ${status}:\n${program.output}`)));
    child.stdout.on('data', (data) => {
      program.output += data;
      const http = /^HTTP server on port (\d+)$/m.exec(program.output);
      const ws = /^WebSocket server .*on port (\d+)$/m.exec(program.output);
      if (!http || !(ws || given('none'))) return;
      program.port = Number(http[1]);
      program.wsPort = ws ? Number(ws[1]) : program.port;
      program.url = `http://127.0.0.1:${program.port}/index.html`;
      resolve();
    });
  });
  child.removeAllListeners('exit');
  if (test) test.after(() => stopProgram(program));
  return program;
}

/** Ends it with a signal and gives its exit status. */
export async function stopProgram(program, signal = 'SIGTERM') {
  if (program.child.exitCode !== null || program.child.signalCode !== null) return program.child.exitCode;
  const ended = once(program.child, 'exit');
  program.child.kill(signal);
  const [status] = await ended;
  return status;
}
