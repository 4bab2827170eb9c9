// WebKitGTK by plain WebDriver requests: the nearest thing to an iPhone's browser on this system.
//
// Here belongs: the driver, its requests. Not here: what a page must show.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { end, startDisplay } from './display.mjs';

const MINI_BROWSERS = ['4.1', '4.0', '6.0'].map((version) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${version}/MiniBrowser`);

/** What is missing to start it, or ''. */
export function webkitIsMissing() {
  const needed = ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb'].find((path) => !existsSync(path));
  return needed || (MINI_BROWSERS.some((path) => existsSync(path)) ? '' : MINI_BROWSERS[0]);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function request(base, method, path, body) {
  const response = await fetch(base + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

/** Waits until the driver takes requests: it says so nowhere. */
async function ready(base, child) {
  while (child.exitCode === null) {
    try {
      return await request(base, 'GET', '/status');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('WebKitWebDriver ended');
}

export async function startWebkit() {
  const { child: xvfb, display } = await startDisplay();
  const port = await freePort();
  const environment = { ...process.env, DISPLAY: display, GDK_BACKEND: 'x11', WEBKIT_DISABLE_COMPOSITING_MODE: '1' };
  // As root its sandbox of processes cannot be set up.
  if (process.getuid() === 0) environment.WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS = '1';
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], { env: environment, stdio: 'ignore' });
  const base = `http://127.0.0.1:${port}`;
  await ready(base, driver);
  const binary = MINI_BROWSERS.find((path) => existsSync(path));
  const options = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
  const { sessionId } = await request(base, 'POST', '/session', { capabilities: { alwaysMatch: options } });
  const session = (method, path, body) => request(base, method, `/session/${sessionId}${path}`, body);
  return {
    name: 'WebKit',
    async close() {
      await session('DELETE', '').catch(() => {});
      await end(driver);
      await end(xvfb);
    },
    async open(url) {
      await session('POST', '/url', { url });
      return {
        faults: [],
        async evaluate(code, argument) {
          const script = `const done = arguments[1]; Promise.resolve((${code})(arguments[0])).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
          const result = await session('POST', '/execute/async', { script, args: [argument === undefined ? null : argument] });
          if (result.error) throw new Error(result.error);
          return result.value;
        },
        async screenshot(path) {
          writeFileSync(path instanceof URL ? fileURLToPath(path) : path, Buffer.from(await session('GET', '/screenshot'), 'base64'));
        },
        close: async () => {},
      };
    },
  };
}
