// npm/order-functions.mjs: the functions of a module change places, and nothing that can be called does.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { functionNames, orderFunctions, orderOf } from '../../npm/order-functions.mjs';
import { Reader, sectionsOf, vectorOf, withSections } from '../../npm/wasm-bytes.mjs';

const I32 = 0x7f;
const END = 0x0b;

function text(it) {
  return [it.length, ...Buffer.from(it)];
}

function section(kind, items) {
  const content = vectorOf(items);
  return Buffer.from([kind, content.length, ...content]);
}

function code(...instructions) {
  return [instructions.length + 2, 0, ...instructions, END];
}

// By their numbers: the host's function; ten, a hundred and one, and eleven, of which the last resembles
// the first; and one that calls all four.
const TEN = code(0x41, 8, 0x41, 1, 0x6a, 0x41, 1, 0x6a);
const HUNDRED_AND_ONE = code(0x43, 0, 0, 0xca, 0x42, 0xa8);
const ELEVEN = code(0x41, 8, 0x41, 1, 0x6a, 0x41, 2, 0x6a);
const ALL = code(0x10, 0, 0x10, 1, 0x6a, 0x10, 2, 0x6a, 0x10, 3, 0x6a);

function moduleOf(...codes) {
  return Buffer.concat([
    Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]),
    section(1, [[0x60, 0, 1, I32]]),
    section(2, [[...text('m'), ...text('host'), 0, 0]]),
    section(
      3,
      codes.map(() => [0]),
    ),
    section(4, [[0x70, 0, 3]]),
    section(7, [
      [...text('table'), 1, 0],
      [...text('ten'), 0, 1],
      [...text('all'), 0, 4],
    ]),
    section(9, [[0, 0x41, 0, END, ...vectorOf([[1], [2], [3]])]]),
    section(10, codes),
  ]);
}

function answers(module) {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), {
    m: { host: () => 1000 },
  });
  const { table, ten, all } = instance.exports;
  return [ten(), all(), ...[0, 1, 2].map((index) => table.get(index)())];
}

function codesOf(module) {
  const { content } = sectionsOf(module).find((it) => it.kind === 10);
  const reader = new Reader(content);
  return reader.vector(() => [...reader.slice(reader.number())]);
}

function withNames(module, names) {
  const all = vectorOf(names.map((it, index) => [index + 1, ...text(it)]));
  const content = [...text('name'), 1, all.length, ...all];
  return Buffer.concat([module, Buffer.from([0, content.length, ...content])]);
}

test('like functions come together, and calls, exports and tables mean what they meant', () => {
  const module = moduleOf(TEN, HUNDRED_AND_ONE, ELEVEN, ALL);
  const ordered = orderFunctions(module, orderOf(module, []));
  assert.deepEqual(answers(module), [10, 1122, 10, 101, 11]);
  assert.deepEqual(answers(ordered), answers(module));
  assert.deepEqual(codesOf(ordered)[1], ELEVEN.slice(1));
});

test('what is listed comes in that order, the rest behind what is like it, and names are left out', () => {
  const module = moduleOf(TEN, HUNDRED_AND_ONE, ELEVEN, ALL);
  const named = withNames(module, ['ten', 'hundred and one', 'eleven', 'all']);
  assert.deepEqual(functionNames(named), ['ten', 'hundred and one', 'eleven', 'all']);
  assert.deepEqual(functionNames(module), Array(4).fill(undefined));
  const order = orderOf(named, ['all', 'one that is no more', 'hundred and one', 'ten']);
  assert.deepEqual(order, [3, 1, 0, 2]);
  const ordered = orderFunctions(named, order);
  assert.deepEqual(answers(ordered), answers(module));
  assert.equal(ordered.length, module.length);
  assert.deepEqual(codesOf(ordered)[2], TEN.slice(1));
});

test('an instruction that it does not know is an error', () => {
  const module = moduleOf(TEN, HUNDRED_AND_ONE, code(0x12, 1), ALL);
  assert.throws(() => orderFunctions(module, [0, 1, 2, 3]), /unknown instruction 0x12/);
});

test('a section that it does not know is an error', () => {
  const module = moduleOf(TEN, HUNDRED_AND_ONE, ELEVEN, ALL);
  const started = withSections(module, {});
  assert.deepEqual(started, module);
  const start = Buffer.concat([module, Buffer.from([8, 1, 1])]);
  assert.throws(() => orderFunctions(start, [0, 1, 2, 3]), /unknown section: start/);
});
