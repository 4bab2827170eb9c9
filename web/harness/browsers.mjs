// Chromium and Firefox behind one face: open a page, evaluate in it, press keys, take a picture of it.
//
// Here belongs: starting browsers. Not here: what a page must show. WebKit has a file of its own: it comes without a library.
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const CHROMIUM_FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const DESKTOP = { width: 1280, height: 800 };

/** The environment of a program that may have a window on that display. */
const on = (display) => display === null ? process.env : { ...process.env, DISPLAY: display };

/**
 * `flags`: more of Chromium's own; `without`: those of the driver that are left out. `init`: run in each page before its own
 * scripts. `display`: of the X server on which it has a window.
 */
export async function startChromium({ flags = [], without = [], init = null, display = null } = {}) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...CHROMIUM_FLAGS, ...flags],
    ignoreDefaultArgs: without,
    headless: display === null,
    env: on(display),
  });
  return {
    name: 'Chromium',
    close: () => browser.close(),
    async open(url, viewport = DESKTOP) {
      const page = await browser.newPage({ viewport });
      const faults = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('requestfailed', (request) => faults.push(`${request.url()}: ${request.failure().errorText}`));
      page.on('response', (response) => { if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`); });
      if (init) await page.addInitScript(init);
      await page.goto(url);
      return {
        faults,
        evaluate: (code, argument) => page.evaluate(code, argument),
        /** The page within the page whose address begins so, once it is there. */
        inner: (address) => {
          const frame = page.frames().find((one) => one.url().startsWith(address));
          return frame && { evaluate: (code, argument) => frame.evaluate(code, argument), faults };
        },
        press: (key) => page.keyboard.press(key),
        screenshot: (path) => page.screenshot({ path }),
        devtools: () => page.context().newCDPSession(page),
        requests: (seen) => page.on('request', (request) => seen(request.url())),
        reload: () => page.reload(),
        close: () => page.close(),
      };
    },
  };
}

/** `prefs`: more of Firefox's own settings. `display`: of the X server on which it has a window. */
export async function startFirefox({ prefs = {}, display = null } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: display === null,
    env: on(display),
    // The window's own size: what puppeteer sets a viewport with, Firefox 140 ESR does not know whole.
    args: [`--width=${DESKTOP.width}`, `--height=${DESKTOP.height}`],
    defaultViewport: null,
    extraPrefsFirefox: { 'network.captive-portal-service.enabled': false, 'app.normandy.enabled': false, ...prefs },
  });
  return {
    name: 'Firefox',
    close: () => browser.close(),
    async open(url) {
      const page = await browser.newPage();
      const faults = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      await page.goto(url);
      return {
        faults,
        evaluate: (code, argument) => page.evaluate(code, argument),
        press: (key) => page.keyboard.press(key),
        screenshot: (path) => page.screenshot({ path }),
        close: () => page.close(),
      };
    },
  };
}
