// Gives the side module's exports the shortest names: a, b, c, ... What they stand for depends on all of
// them, and so their checksum is in the name of the function that the loader calls first: a module
// of another version doesn't have it.

import { createHash } from 'node:crypto';

const EXPORT_SECTION = 7;
const ASKED_FIRST = 'sahpool_abi_version';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function shortNames(long) {
  if (long.length > LETTERS.length) throw new Error('more exports than letters');
  const names = new Map(long.map((name, index) => [name, LETTERS[index]]));
  const checksum = createHash('sha256').update(long.join()).digest('hex').slice(0, 6);
  return names.set(ASKED_FIRST, `version_${checksum}`);
}

function leb(number) {
  const rest = Math.floor(number / 128);
  return rest === 0 ? [number] : [(number % 128) + 128, ...leb(rest)];
}

/** A position in a module, and what is read there. */
class Reader {
  constructor(bytes, position) {
    this.bytes = bytes;
    this.position = position;
  }

  number() {
    const byte = this.bytes[this.position++];
    return byte < 128 ? byte : byte - 128 + 128 * this.number();
  }

  slice(count) {
    return this.bytes.subarray(this.position, (this.position += count));
  }
}

function shortenSection(content, names) {
  const reader = new Reader(content, 0);
  const count = reader.number();
  const output = leb(count);
  for (let index = 0; index < count; ++index) {
    const name = String(reader.slice(reader.number()));
    const short = names.get(name) ?? name;
    output.push(...leb(short.length), ...Buffer.from(short));
    output.push(...reader.slice(1), ...leb(reader.number()));
  }
  return output;
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
  const parts = [module.subarray(0, 8)];
  const reader = new Reader(module, 8);
  while (reader.position < module.length) {
    const start = reader.position;
    const [kind] = reader.slice(1);
    const content = reader.slice(reader.number());
    if (kind === EXPORT_SECTION) {
      const shortened = shortenSection(content, names);
      parts.push(Buffer.from([kind, ...leb(shortened.length), ...shortened]));
    } else {
      parts.push(module.subarray(start, reader.position));
    }
  }
  return { module: Buffer.concat(parts), names };
}
