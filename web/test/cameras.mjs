// Cameras that go and come back, rest, or change their size: what the page shows meanwhile, without being loaded anew.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startChromium } from '../harness/browsers.mjs';
import { startPluggable, startWithCamera, startWithTwo } from '../harness/program.mjs';
import { until } from '../harness/until.mjs';

/** In the page: what it says, whether it shows a picture, how that looks, and whether it is the page that was marked. */
function sight() {
  const stage = document.getElementById('stage').classList;
  const trouble = document.getElementById('trouble');
  const picture = document.getElementById('picture');
  const box = picture.getBoundingClientRect();
  return {
    said: trouble.hidden ? '' : trouble.textContent,
    playing: stage.contains('playing'),
    filter: getComputedStyle(picture).filter,
    size: [picture.width, picture.height],
    box: [box.left, box.top, box.width, box.height],
    marked: window.marked === true,
  };
}

/** Waits until the page looks as `good` wants it, and marks it. */
async function untilSeen(page, what, good) {
  const seen = await until(what, async () => {
    const now = await page.evaluate(sight);
    return good(now) && now;
  });
  await page.evaluate(() => { window.marked = true; });
  return seen;
}

const untilPlaying = (page) => untilSeen(page, 'a picture without words', ({ said, playing }) => playing && said === '');
const untilSaid = (page, pattern) => untilSeen(page, `words like ${pattern}`, ({ said }) => pattern.test(said));

/** The page's picture is grey, once it has become so. */
const untilGrey = (page) => untilSeen(page, 'a grey picture', ({ filter, playing }) => playing && /grayscale\(1\)/.test(filter));

describe('cameras', { timeout: 180_000 }, () => {
  let browser;
  before(async () => { browser = await startChromium(); });
  after(async () => { if (browser) await browser.close(); });

  it('one that is gone: its last picture in grey and why; it comes back by itself', async (test) => {
    const program = await startWithCamera(['--size', '320x240', '--fps', '10'], test, { FAKE_DIES_AFTER: '30' });
    const page = await browser.open(program.url);
    const before = await untilPlaying(page);
    await untilSaid(page, /^The camera gives no pictures \(rpicam-vid has ended\); it is being tried again\.$/);
    const grey = await untilGrey(page);
    assert.deepEqual([grey.size, grey.box], [before.size, before.box], 'the last picture stays as it was');
    assert.equal((await untilPlaying(page)).marked, true, 'the page was not loaded anew');
    await page.close();
  });

  it('one that is unplugged, again and again, is back in every page each time', async (test) => {
    const film = 'ffmpeg -v error -re -f lavfi -i testsrc2=s=320x240:r=12 -pix_fmt yuv420p -f yuv4mpegpipe -';
    const { program, plug } = await startPluggable(film, test);
    const pages = [await browser.open(program.url), await browser.open(program.url)];
    const inAll = (look) => Promise.all(pages.map(look));
    await inAll(untilPlaying);
    for (let round = 0; round < 2; round++) {
      const said = program.output.length;
      plug(false);
      await inAll((page) => untilSaid(page, /^The camera gives no pictures \(.* has ended\); it is being tried again\.$/));
      await inAll(untilGrey);
      await until('tries in vain', () => (program.output.slice(said).match(/no camera.*trying again/g) || []).length > 1);
      // Who comes meanwhile is told, too.
      const late = await browser.open(program.url);
      await untilSaid(late, /^The camera gives no pictures/);
      plug(true);
      assert.deepEqual((await inAll(untilPlaying)).map(({ marked }) => marked), [true, true], 'no page was loaded anew');
      await untilPlaying(late);
      await late.close();
    }
    await inAll((page) => page.close());
  });

  it('one that hangs: said, and it comes back', async (test) => {
    const program = await startWithCamera(['--size', '320x240', '--fps', '10'], test, { FAKE_HANGS_AFTER: '10' });
    const page = await browser.open(program.url);
    await untilPlaying(page);
    await untilSaid(page, /rpicam-vid hangs/);
    await untilGrey(page);
    assert.equal((await untilPlaying(page)).marked, true);
    await page.close();
  });

  it('one that rests is woken by the page, which says so', async (test) => {
    const options = ['--size', '320x240', '--fps', '10', '--idle-camera', 'stop:0'];
    const program = await startWithCamera(options, test, { FAKE_START: '2' });
    const page = await browser.open(program.url);
    await untilSaid(page, /^Waking the camera\.$/);
    await untilPlaying(page);
    const look = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await look(true);
    await until('its rest', () => program.output.match(/Camera: stopped, for nobody watches/g).length > 1);
    await look(false);
    await untilSaid(page, /^Waking the camera\.$/);
    await untilGrey(page);
    assert.equal((await untilPlaying(page)).marked, true);
    await page.close();
  });

  it('one that comes back with another size goes on in the same page', async (test) => {
    // Y4M says its size.
    const film = (size) => `ffmpeg -v error -re -f lavfi -i testsrc2=s=${size}:r=12:d=3 -pix_fmt yuv420p -f yuv4mpegpipe -`;
    const program = await startWithTwo(film('320x240'), film('320x320'), test);
    const page = await browser.open(program.url);
    const sized = (width, height) => untilSeen(page, `${width}x${height}`, ({ size, playing, said }) =>
      playing && said === '' && size[0] === width && size[1] === height);
    const first = await sized(320, 240);
    await untilGrey(page);
    const second = await sized(320, 320);
    assert.equal(second.marked, true, 'the page was not loaded anew');
    assert.deepEqual(second.box, first.box, 'the place of the picture is the same');
    await page.close();
  });

  it('pictures in <img> go on when the camera is back', async (test) => {
    const film = (colour) => `ffmpeg -v error -re -f lavfi -i color=${colour}:s=160x120:r=12:d=4 -pix_fmt yuv420p -f yuv4mpegpipe -`;
    const program = await startWithTwo(film('red'), film('blue'), test);
    const page = await browser.open(program.url);
    await page.evaluate(() => {
      const image = new Image();
      image.src = '/stream.mjpg';
      document.body.append(image);
    });
    const colour = () => page.evaluate(() => {
      const image = document.querySelector('img');
      if (image.naturalWidth !== 160) return '';
      const context = document.createElement('canvas').getContext('2d');
      context.drawImage(image, 0, 0);
      const [red, , blue] = context.getImageData(80, 60, 1, 1).data;
      return red > 200 && blue < 50 ? 'red' : blue > 200 && red < 50 ? 'blue' : '';
    });
    await until('a picture', async () => await colour() === 'red');
    await until('one of the camera that is back', async () => await colour() === 'blue');
    await page.close();
  });
});
