// Looks for an order of the side module's functions of which gzip makes less, and writes it into
// npm/function-order.txt. Worth repeating when the core has changed much; after tools/build.sh package:
//
//   node npm/search-order.mjs [SECONDS]    300 without the argument
//
// Simulated annealing: a few functions move elsewhere; what is larger for that is taken too, the less
// the longer it goes on.

import fs from 'node:fs';
import zlib from 'node:zlib';

import { functionNames, orderOf, reorderable } from './order-functions.mjs';

const LONGEST_MOVE = 8;
/** The bytes more that are taken with a chance of 1/e at the beginning. */
const FIRST_TOLERANCE = 2;

const list = new URL('function-order.txt', import.meta.url);
const seconds = Number(process.argv[2] ?? 300);
const module = fs.readFileSync(new URL('../build/wasm/sahpool.wasm', import.meta.url));
const names = functionNames(module);
const inOrder = reorderable(module);

// With a memory level that makes blocks as large as those of the program gzip.
function sizeOf(order) {
  return zlib.gzipSync(inOrder(order), { level: 9, memLevel: 9 }).length;
}

const below = (limit) => Math.floor(Math.random() * limit);

function withMove(order) {
  const length = 1 + below(LONGEST_MOVE);
  const from = below(order.length - length);
  const moved = order.slice(from, from + length);
  if (below(4) === 0) moved.reverse();
  const rest = order.toSpliced(from, length);
  return rest.toSpliced(below(rest.length + 1), 0, ...moved);
}

const listed = fs.existsSync(list) ? fs.readFileSync(list, 'utf8').split('\n') : [];
let order = orderOf(module, listed);
let size = sizeOf(order);
let best = { order, size };
console.log(`${size} bytes`);
for (const start = Date.now(); ;) {
  const past = (Date.now() - start) / 1000 / seconds;
  if (past >= 1) break;
  const moved = withMove(order);
  const found = sizeOf(moved);
  if (found > size && Math.random() >= Math.exp((size - found) / (FIRST_TOLERANCE * (1 - past)))) {
    continue;
  }
  [order, size] = [moved, found];
  if (size < best.size) best = { order, size };
}
console.log(`${best.size} bytes`);
fs.writeFileSync(list, best.order.map((it) => `${names[it]}\n`).join(''));
