// Puts functions that resemble each other side by side, where gzip sees what they have in common: the
// order of a module's functions means nothing but their numbers, by which they refer to each other.
// Which order is good tells a list of their names (npm/search-order.mjs makes it); each that is not in
// it comes behind the one most like it. Their names are left out, and what else only debuggers read.
// An instruction or a section that is not known here is an error.

import { importsIn, Kind, leb, Reader, sectionsOf, vectorOf, withSections } from './wasm-bytes.mjs';

const Section = { CUSTOM: 0, IMPORT: 2, FUNCTION: 3, EXPORT: 7, START: 8, ELEMENT: 9, CODE: 10 };
const CALL = 0x10;
const END = 0x0b;
const NAMES_OF_FUNCTIONS = 1;
// The custom section by which a host links the module. The others are for debuggers.
const NEEDED = 'dylink.0';
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
  return importsIn(content).filter((it) => it.kind === Kind.FUNCTION).length;
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

/** The names of functions by their numbers, without those that have none. */
function namesIn(content) {
  const reader = new Reader(content);
  reader.slice(reader.number());
  while (!reader.atEnd) {
    const part = reader.byte();
    const bytes = reader.slice(reader.number());
    if (part !== NAMES_OF_FUNCTIONS) continue;
    const names = new Reader(bytes);
    return new Map(names.vector(() => [names.number(), String(names.slice(names.number()))]));
  }
  return new Map();
}

const isCustom = (content, name) => String(content.subarray(1, 1 + content[0])) === name;

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

/** The names of the module's functions, in their order; of one without a name undefined. */
export function functionNames(module) {
  const sections = sectionsOf(module);
  const imported = importedFunctions(sections.find((it) => it.kind === Section.IMPORT).content);
  const names = sections.find((it) => it.kind === Section.CUSTOM && isCustom(it.content, 'name'));
  const found = names ? namesIn(names.content) : new Map();
  const { length } = codesOf(sections);
  return Array.from({ length }, (_, index) => found.get(imported + index));
}

function codesOf(sections) {
  const reader = new Reader(sections.find((it) => it.kind === Section.CODE).content);
  return reader.vector(() => reader.slice(reader.number()));
}

/**
 * @param {Buffer} module the bytes of a module
 * @param {string[]} listed names of functions, of which the module may have some
 * @returns {number[]} the places of its functions, in the order of the list
 */
export function orderOf(module, listed) {
  const contents = codesOf(sectionsOf(module)).map(contentsOf);
  const places = new Map(functionNames(module).map((name, index) => [name, index]));
  const order = listed.map((name) => places.get(name)).filter((it) => it !== undefined);
  if (order.length === 0) order.push(0);
  const isPlaced = new Set(order);
  for (const index of contents.keys()) {
    if (isPlaced.has(index)) continue;
    const likenesses = order.map((it) => likeness(contents[it], contents[index]));
    order.splice(likenesses.indexOf(Math.max(...likenesses)) + 1, 0, index);
  }
  return order;
}

/**
 * @param {Buffer} module the bytes of a module
 * @returns {(order: number[]) => Buffer} what makes it anew with its functions in the order of these
 *     places, each of which is there once, and without their names
 */
export function reorderable(module) {
  const list = sectionsOf(module);
  const sections = new Map(list.map((it) => [it.kind, it.content]));
  if (sections.has(Section.START)) throw new Error('unknown section: start');
  const imported = importedFunctions(sections.get(Section.IMPORT));
  const bodies = codesOf(list).map(piecesOf);
  const typeReader = new Reader(sections.get(Section.FUNCTION));
  const types = typeReader.vector(() => Buffer.from(leb(typeReader.number())));

  return (order) => {
    const numbers = Array.from({ length: imported }, (_, index) => index);
    order.forEach((old, index) => (numbers[imported + old] = imported + index));
    const calls = numbers.map((it) => Buffer.from(leb(it)));
    const withNumbers = (pieces) => {
      const bytes = Buffer.concat(pieces.map((it) => (typeof it === 'number' ? calls[it] : it)));
      return Buffer.concat([Buffer.from(leb(bytes.length)), bytes]);
    };
    return withSections(module, {
      [Section.CUSTOM]: (content) => (isCustom(content, NEEDED) ? content : undefined),
      [Section.FUNCTION]: () => vectorOf(order.map((old) => types[old])),
      [Section.EXPORT]: (content) => exportsWith(content, numbers),
      [Section.ELEMENT]: (content) => elementsWith(content, numbers),
      [Section.CODE]: () => vectorOf(order.map((old) => withNumbers(bodies[old]))),
    });
  };
}

/** The module with its functions in that order, as reorderable() makes it. */
export const orderFunctions = (module, order) => reorderable(module)(order);
