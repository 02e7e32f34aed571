// Builds tiny WebAssembly side modules: enough to try how the loader treats each import and export.

function leb(number) {
  const bytes = [];
  do {
    const rest = Math.floor(number / 128);
    bytes.push((number % 128) | (rest > 0 ? 0x80 : 0));
    number = rest;
  } while (number > 0);
  return bytes;
}

const vector = (items) => [...leb(items.length), ...items.flat()];
const name = (text) => vector([...new TextEncoder().encode(text)].map((byte) => [byte]));
const section = (id, content) => [id, ...leb(content.length), ...content];

const I32 = 0x7f;
const FUNCTION = 0x00;
const MEMORY = 0x02;
const GLOBAL = 0x03;
const TABLE = 0x01;
const END = 0x0b;

/** Descriptions of imports for buildModule(). Functions are of type () -> i32. */
export const importOf = {
  function: (module, field) => [...name(module), ...name(field), FUNCTION, 0],
  memory: (module, field) => [...name(module), ...name(field), MEMORY, 0, 0],
  table: (module, field) => [...name(module), ...name(field), TABLE, 0x70, 0, 0],
  global: (module, field, isMutable = false) => [
    ...name(module),
    ...name(field),
    GLOBAL,
    I32,
    isMutable ? 1 : 0,
  ],
};

/** Bodies of functions of type () -> i32. */
export const body = {
  constant: (value) => [0x41, ...leb(value), END],
  getGlobal: (index) => [0x23, ...leb(index), END],
  /** Adds one to the byte at the address in a global; gives the new value. */
  increment: (global) => [
    ...[0x23, ...leb(global)],
    ...[0x23, ...leb(global), 0x2d, 0, 0, 0x41, 1, 0x6a, 0x3a, 0, 0],
    ...[0x23, ...leb(global), 0x2d, 0, 0, END],
  ],
};

function dylinkSection({ memorySize, memoryAlignment, tableSize }, needed) {
  const memory = [memorySize, memoryAlignment, tableSize, 0].flatMap(leb);
  const libraries = vector(needed.map(name));
  const subsections = [
    1,
    ...leb(memory.length),
    ...memory,
    2,
    ...leb(libraries.length),
    ...libraries,
  ];
  return section(0, [...name('dylink.0'), ...subsections]);
}

/**
 * Builds a module.
 * @param functions the exported functions: bodies by name. The type of all is () -> i32.
 * @param functionImports how many of the imports are functions.
 */
export function buildModule({
  dylink = { memorySize: 16, memoryAlignment: 4, tableSize: 1 },
  needed = [],
  imports = [],
  functionImports = 0,
  functions = {},
} = {}) {
  const names = Object.keys(functions);
  const bodies = Object.values(functions).map((code) => {
    const content = [0, ...code];
    return [...leb(content.length), ...content];
  });
  const exports = names.map((it, index) => [...name(it), 0, ...leb(functionImports + index)]);
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...(dylink ? dylinkSection(dylink, needed) : []),
    ...section(1, vector([[0x60, 0, 1, I32]])),
    ...section(2, vector(imports)),
    ...section(3, vector(names.map(() => [0]))),
    ...section(7, vector(exports)),
    ...section(10, vector(bodies)),
  ]);
}
