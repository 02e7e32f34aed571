// The bytes of a WebAssembly module: its numbers, and the sections that it is made of.

const HEADER_SIZE = 8;

/** What a module imports or exports. */
export const Kind = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3 };

/** A number as a module spells it. */
export function leb(number) {
  const rest = Math.floor(number / 128);
  return rest === 0 ? [number] : [(number % 128) + 128, ...leb(rest)];
}

/** A position in a module, and what is read there. */
export class Reader {
  constructor(bytes, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  get atEnd() {
    return this.position >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.position++];
  }

  number() {
    const byte = this.byte();
    return byte < 128 ? byte : byte - 128 + 128 * this.number();
  }

  slice(count) {
    return this.bytes.subarray(this.position, (this.position += count));
  }

  /** What `read` gives of each item of a vector. */
  vector(read) {
    return Array.from({ length: this.number() }, read);
  }
}

/** A vector of items that are bytes already. */
export function vectorOf(items) {
  return Buffer.concat([Buffer.from(leb(items.length)), ...items.map((it) => Buffer.from(it))]);
}

function skipLimits(reader) {
  const hasMaximum = reader.byte() & 1;
  reader.number();
  if (hasMaximum) reader.number();
}

const SKIP_TYPE = {
  [Kind.FUNCTION]: (reader) => reader.number(),
  [Kind.TABLE]: (reader) => [reader.byte(), skipLimits(reader)],
  [Kind.MEMORY]: skipLimits,
  [Kind.GLOBAL]: (reader) => reader.slice(2),
};

/**
 * What an import section holds, with the kind of each once more as the first byte of its description.
 * @returns {{module: Buffer, name: Buffer, kind: number, description: Buffer}[]}
 */
export function importsIn(content) {
  const reader = new Reader(content);
  return reader.vector(() => {
    const module = reader.slice(reader.number());
    const name = reader.slice(reader.number());
    const start = reader.position;
    const kind = reader.byte();
    SKIP_TYPE[kind](reader);
    return { module, name, kind, description: content.subarray(start, reader.position) };
  });
}

/** @returns {{kind: number, content: Buffer}[]} */
export function sectionsOf(module) {
  const reader = new Reader(module, HEADER_SIZE);
  const sections = [];
  while (!reader.atEnd) {
    sections.push({ kind: reader.byte(), content: reader.slice(reader.number()) });
  }
  return sections;
}

/**
 * The module with `change(content)` in place of the sections of each kind in `changes`, and without
 * those of which that makes nothing.
 */
export function withSections(module, changes) {
  const parts = [module.subarray(0, HEADER_SIZE)];
  for (const { kind, content } of sectionsOf(module)) {
    const changed = changes[kind] ? changes[kind](content) : content;
    if (changed) parts.push(Buffer.from([kind, ...leb(changed.length)]), changed);
  }
  return Buffer.concat(parts);
}
