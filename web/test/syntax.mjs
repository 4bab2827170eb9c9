// What is shipped parses in browsers of 2018.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';

import { parse } from 'acorn';

const WEB = new URL('../', import.meta.url);
const read = (name) => readFileSync(new URL(name, WEB), 'utf8');

describe('syntax', () => {
  const scripts = readdirSync(WEB).filter((name) => name.endsWith('.js'));

  it('there are scripts', () => {
    assert.ok(scripts.includes('page.js') && scripts.includes('jsmpg.js') && scripts.includes('worker.js'));
  });

  for (const name of scripts) {
    it(`${name} is a classic script of ES2018`, () => {
      assert.ok(parse(read(name), { ecmaVersion: 2018, sourceType: 'script' }).body.length > 0);
    });
  }

  it('scripts in the page itself are ES3: they run in old browsers, and tell that they are old', () => {
    const inline = [...read('index.html').matchAll(/<script>([\s\S]*?)<\/script>/g)];
    assert.equal(inline.length, 2);
    for (const [, script] of inline) assert.ok(parse(script, { ecmaVersion: 3 }).body.length > 0);
  });

  it('the page names its files relative to itself', () => {
    const names = [...read('index.html').matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]);
    assert.ok(names.length >= 3);
    for (const name of names) assert.match(name, /^(data:|[a-z])/, name);
    for (const name of names) assert.doesNotMatch(name, /^(\/|https?:)/, name);
  });
});
