// Puts functions that resemble each other side by side, where gzip sees what they have in common: the
// order of a module's functions means nothing but their numbers, by which they refer to each other.
// An instruction or a section that is not known here is an error.

import { leb, Reader, sectionsOf, vectorOf, withSections } from './wasm-bytes.mjs';

const Section = { IMPORT: 2, FUNCTION: 3, EXPORT: 7, START: 8, ELEMENT: 9, CODE: 10 };
const Kind = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3 };
const CALL = 0x10;
const END = 0x0b;
// The length of what functions are compared by.
const PIECE = 4;

const none = () => undefined;
const one = (reader) => reader.number();
const two = (reader) => [reader.number(), reader.number()];
const oneOfMany = (reader) => [reader.vector(() => reader.number()), reader.number()];
const operandsOfFar = [...Array(8).fill(none), two, one, two, one];

/** What reads past that which follows an opcode, by the first opcode that it holds for. */
const OPERANDS = new Map([
  [0x00, none],
  [0x02, one],
  [0x05, none],
  [0x06, undefined],
  [END, none],
  [0x0c, one],
  [0x0e, oneOfMany],
  [0x0f, none],
  [CALL, one],
  [0x11, two],
  [0x12, undefined],
  [0x1a, none],
  [0x1c, undefined],
  [0x20, one],
  [0x25, undefined],
  [0x28, two],
  [0x3f, one],
  [0x43, (reader) => reader.slice(4)],
  [0x44, (reader) => reader.slice(8)],
  [0x45, none],
  [0xc5, undefined],
  [0xfc, (reader) => operandsOfFar[reader.number()](reader)],
  [0xfd, undefined],
]);
const operandsOf = [];
for (let opcode = 0; opcode < 256; ++opcode) {
  operandsOf.push(OPERANDS.has(opcode) ? OPERANDS.get(opcode) : operandsOf[opcode - 1]);
}

/** The pieces of a function's code: bytes, and between them the numbers of functions. */
function piecesOf(code) {
  const reader = new Reader(code);
  reader.vector(() => two(reader));
  const pieces = [];
  let start = 0;
  while (!reader.atEnd) {
    const opcode = reader.byte();
    if (!operandsOf[opcode]) throw new Error(`unknown instruction 0x${opcode.toString(16)}`);
    if (opcode === CALL) {
      pieces.push(code.subarray(start, reader.position), reader.number());
      start = reader.position;
    } else {
      operandsOf[opcode](reader);
    }
  }
  pieces.push(code.subarray(start));
  return pieces;
}

function importedFunctions(content) {
  const reader = new Reader(content);
  const skip = {
    [Kind.FUNCTION]: one,
    [Kind.TABLE]: () => [reader.byte(), limits()],
    [Kind.MEMORY]: () => limits(),
    [Kind.GLOBAL]: two,
  };
  const limits = () => (reader.byte() & 1 ? two(reader) : one(reader));
  const kinds = reader.vector(() => {
    reader.slice(reader.number());
    reader.slice(reader.number());
    const kind = reader.byte();
    skip[kind](reader);
    return kind;
  });
  return kinds.filter((kind) => kind === Kind.FUNCTION).length;
}

function contentsOf(code) {
  const found = new Set(['']);
  for (let end = PIECE; end <= code.length; ++end) {
    found.add(code.toString('latin1', end - PIECE, end));
  }
  return found;
}

function likeness(a, b) {
  let shared = 0;
  for (const it of a) if (b.has(it)) ++shared;
  return shared / (a.size + b.size - shared);
}

/** From the first function on, each time the one most like the last. */
function orderOf(codes) {
  const contents = codes.map(contentsOf);
  const order = [0];
  const left = new Set(codes.keys());
  left.delete(0);
  while (left.size > 0) {
    const last = contents[order.at(-1)];
    let next;
    let best = -1;
    for (const it of left) {
      const found = likeness(last, contents[it]);
      if (found > best) [next, best] = [it, found];
    }
    order.push(next);
    left.delete(next);
  }
  return order;
}

function exportsWith(content, numbers) {
  const reader = new Reader(content);
  return vectorOf(
    reader.vector(() => {
      const name = reader.slice(reader.number());
      const kind = reader.byte();
      const number = reader.number();
      const changed = kind === Kind.FUNCTION ? numbers[number] : number;
      return [...leb(name.length), ...name, kind, ...leb(changed)];
    }),
  );
}

function elementsWith(content, numbers) {
  const reader = new Reader(content);
  return vectorOf(
    reader.vector(() => {
      const start = reader.position;
      if (reader.number() !== 0) throw new Error('unknown kind of elements');
      for (let opcode = reader.byte(); opcode !== END; opcode = reader.byte()) {
        operandsOf[opcode](reader);
      }
      const offset = content.subarray(start, reader.position);
      const functions = reader.vector(() => leb(numbers[reader.number()]));
      return [...offset, ...vectorOf(functions)];
    }),
  );
}

/**
 * @param {Buffer} module the bytes of a module
 * @returns {Buffer} it with its functions in another order
 */
export function orderFunctions(module) {
  const sections = new Map(sectionsOf(module).map((it) => [it.kind, it.content]));
  if (sections.has(Section.START)) throw new Error('unknown section: start');
  const imported = importedFunctions(sections.get(Section.IMPORT));
  const code = new Reader(sections.get(Section.CODE));
  const codes = code.vector(() => code.slice(code.number()));
  const order = orderOf(codes);
  const numbers = Array.from({ length: imported }, (_, index) => index);
  order.forEach((old, index) => (numbers[imported + old] = imported + index));

  const withNumbers = (body) => {
    const parts = piecesOf(body).map((it) => (typeof it === 'number' ? leb(numbers[it]) : it));
    const bytes = Buffer.concat(parts.map((it) => Buffer.from(it)));
    return [...leb(bytes.length), ...bytes];
  };
  return withSections(module, {
    [Section.FUNCTION]: (content) => {
      const reader = new Reader(content);
      const types = reader.vector(() => reader.number());
      return vectorOf(order.map((old) => leb(types[old])));
    },
    [Section.EXPORT]: (content) => exportsWith(content, numbers),
    [Section.ELEMENT]: (content) => elementsWith(content, numbers),
    [Section.CODE]: () => vectorOf(order.map((old) => withNumbers(codes[old]))),
  });
}
