// Gives what the side module and the package's JavaScript know of each other the shortest names: the
// module's exports and its imports are a, b, c, ... What is SQLite's keeps its name. What the names
// stand for depends on all of them, and so their checksum is the name of the function that the loader
// calls first: a module of another version doesn't have it.

import { createHash } from 'node:crypto';

import { importsIn, leb, Reader, vectorOf, withSections } from './wasm-bytes.mjs';

const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;
const ASKED_FIRST = 'sahpool_abi_version';
// The loader calls these if the linker made them.
const OF_LINKER = ['__wasm_apply_data_relocs', '__wasm_call_ctors'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

const isOurs = (name) => /^(sahpool_|__)/.test(name);

function withLetters(long) {
  if (long.length > LETTERS.length) throw new Error('more names than letters');
  return long.map((name, index) => [name, LETTERS[index]]);
}

/** The short names of exports and imports, which are called differently, by the long ones. */
function shortNames(imports, exports) {
  const names = new Map([imports, exports].flatMap(withLetters));
  const checksum = createHash('sha256')
    .update([...names.keys()].join())
    .digest('base64url');
  return names.set(ASKED_FIRST, checksum.slice(0, 4));
}

function shortened(name, names) {
  const short = names.get(String(name)) ?? name;
  return [...leb(short.length), ...Buffer.from(short)];
}

function shortenExports(content, names) {
  const reader = new Reader(content);
  return vectorOf(
    reader.vector(() => {
      const name = reader.slice(reader.number());
      return [...shortened(name, names), reader.byte(), ...leb(reader.number())];
    }),
  );
}

function shortenImports(content, names) {
  return vectorOf(
    importsIn(content).map(({ module, name, description }) => [
      ...leb(module.length),
      ...module,
      ...shortened(name, names),
      ...description,
    ]),
  );
}

/**
 * @param {Buffer} module the bytes of the side module
 * @returns {{module: Buffer, names: Map<string, string>}} it with short names, and those by the long
 */
export function shortenNames(module) {
  const compiled = new WebAssembly.Module(module);
  const namesOf = (list) => list.map((it) => it.name).filter((name) => isOurs(name));
  const names = shortNames(namesOf(WebAssembly.Module.imports(compiled)), [
    ...new Set([...OF_LINKER, ...namesOf(WebAssembly.Module.exports(compiled))]),
  ]);
  const shortened = withSections(module, {
    [IMPORT_SECTION]: (content) => shortenImports(content, names),
    [EXPORT_SECTION]: (content) => shortenExports(content, names),
  });
  return { module: shortened, names };
}
