// What no system can be quicker than: raw frames from standard input, of the size in the arguments, their luma sent to
// every viewer as it is, painted by the quickest path there is, a worker's own 2D canvas. No codec. Prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const [width, height] = process.argv[2].split('x').map(Number);
const page = (name, type) => [type, readFileSync(new URL(name, import.meta.url), 'utf8').replace('${SIZE}', `${width}, ${height}`)];
const files = new Map([
  ['/', page('floor.html', 'text/html; charset=utf-8')],
  ['/floor-worker.js', page('floor-worker.js', 'text/javascript')],
]);

const server = createServer((request, response) => {
  const [type, body] = files.get(new URL(request.url, 'http://localhost').pathname) ?? [];
  response.writeHead(body ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(body);
});
const viewers = new WebSocketServer({ server, perMessageDeflate: false });
viewers.on('connection', (viewer, request) => {
  request.socket.setNoDelay(true);
  viewer.on('error', () => {});
  if (newest) viewer.send(newest); // who comes sees the newest frame at once
});

const luma = width * height;
const frame = Buffer.alloc(luma + 2 * ((width + 1) >> 1) * ((height + 1) >> 1));
let filled = 0;
let newest = null;
process.stdin.on('data', (piece) => {
  while (piece.length > 0) {
    const taken = piece.copy(frame, filled);
    piece = piece.subarray(taken);
    filled += taken;
    if (filled < frame.length) return;
    filled = 0;
    newest = Buffer.from(frame.subarray(0, luma));
    for (const viewer of viewers.clients) if (viewer.bufferedAmount === 0) viewer.send(newest);
  }
});
server.listen(0, process.argv[3] || '127.0.0.1', () => console.log(server.address().port));
