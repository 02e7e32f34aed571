// Gives the side module's exports the shortest names: a, b, c, ... What they stand for depends on all of
// them, and so their checksum is in the name of the function that the loader calls first: a module
// of another version doesn't have it.

import { createHash } from 'node:crypto';

import { leb, Reader, vectorOf, withSections } from './wasm-bytes.mjs';

const EXPORT_SECTION = 7;
const ASKED_FIRST = 'sahpool_abi_version';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function shortNames(long) {
  if (long.length > LETTERS.length) throw new Error('more exports than letters');
  const names = new Map(long.map((name, index) => [name, LETTERS[index]]));
  const checksum = createHash('sha256').update(long.join()).digest('hex').slice(0, 6);
  return names.set(ASKED_FIRST, `version_${checksum}`);
}

function shortenSection(content, names) {
  const reader = new Reader(content);
  const shortened = reader.vector(() => {
    const name = String(reader.slice(reader.number()));
    const short = names.get(name) ?? name;
    return [...leb(short.length), ...Buffer.from(short), reader.byte(), ...leb(reader.number())];
  });
  return vectorOf(shortened);
}

/**
 * @param {Buffer} module the bytes of the side module
 * @returns {{module: Buffer, names: Map<string, string>}} it with short names, and those by the long
 */
export function shortenExports(module) {
  const long = WebAssembly.Module.exports(new WebAssembly.Module(module))
    .map((it) => it.name)
    .filter((it) => it.startsWith('sahpool_'));
  const names = shortNames(long);
  const shortened = withSections(module, {
    [EXPORT_SECTION]: (content) => shortenSection(content, names),
  });
  return { module: shortened, names };
}
