// Starts the real program on free ports, and stops it.
//
// Here belongs: the child process and what it prints. Not here: browsers, what is asserted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../target/release/pistreaming', import.meta.url));
const FAKE = fileURLToPath(new URL('../../crates/pistreaming/tests/fake', import.meta.url));
const PROGRAM = process.env.PISTREAMING_PROGRAM || process.env.PISTREAMING_BIN || BUILT;

/**
 * Starts the program with `options` (default: the pattern on free ports) and waits until it listens. It is ended when
 * the test of the context `test` ends, if one is given. `environment`: what it has beside this process's own.
 */
export async function startProgram(options = [], test = null, environment = {}) {
  const given = (name) => options.includes(name);
  const all = [...options];
  if (!given('--bind')) all.push('--bind', '127.0.0.1');
  if (!given('--source')) all.push('--source', 'pattern');
  if (!given('--port')) all.push('--port', '0');
  if (!given('--ws-port')) all.push('--ws-port', '0');
  const child = spawn(PROGRAM, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
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

/**
 * Starts it with the tests' own Pi camera (`crates/pistreaming/tests/fake/rpicam-vid` says how it can behave), which
 * misbehaves once, and then no more.
 */
export function startWithCamera(options, test, behaviour) {
  const environment = { PATH: `${FAKE}:${process.env.PATH}`, FAKE_ONCE: noFileYet(test), ...behaviour };
  return startProgram(['--source', 'pi', ...options], test, environment);
}

/** Starts it with a shell's `first` as its camera, and, each time that this is started again, with `then`. */
export function startWithTwo(first, then, test) {
  const flag = noFileYet(test);
  const command = `if [ -e '${flag}' ]; then ${then}; else : > '${flag}'; ${first}; fi`;
  return startProgram(['--source', `exec:${command}`], test);
}

/**
 * Starts it with a camera that is there as long as it is plugged in, and cannot be started while it is not: a shell's
 * `film`. Begins plugged in; `plug(false)` pulls it out.
 */
export async function startPluggable(film, test) {
  const socket = noFileYet(test);
  const plug = (there) => there ? writeFileSync(socket, '') : rmSync(socket);
  plug(true);
  const looked = `while [ -e '${socket}' ]; do sleep 0.1; done; kill $film; wait; echo unplugged >&2; exit 1`;
  const command = `[ -e '${socket}' ] || { echo 'no camera' >&2; exit 1; }; ${film} & film=$!; ${looked}`;
  return { program: await startProgram(['--source', `exec:${command}`], test), plug };
}

/** A path at which there is no file; one that is made there goes when the test ends. */
function noFileYet(test) {
  const folder = mkdtempSync(join(tmpdir(), 'pistreaming-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'once');
}

/** Ends it with a signal and gives its exit status. */
export async function stopProgram(program, signal = 'SIGTERM') {
  if (program.child.exitCode !== null || program.child.signalCode !== null) return program.child.exitCode;
  const ended = once(program.child, 'exit');
  program.child.kill(signal);
  const [status] = await ended;
  return status;
}
