// The "dylink.0" section of a position-independent WebAssembly module: what it needs of its host
// before it can be instantiated. Described in the tool conventions, DynamicLinking.md.

import { SideModuleError } from './errors.js';

const MEMORY_INFO = 1;
const NEEDED_LIBRARIES = 2;

/** Sizes in bytes or table elements, alignments as such (not as powers of two). */
export interface MemoryNeeds {
  readonly memorySize: number;
  readonly memoryAlignment: number;
  readonly tableSize: number;
  readonly tableAlignment: number;
}

class SectionReader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.position >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.position++];
    if (value === undefined) throw new SideModuleError('its dylink.0 section is cut short');
    return value;
  }

  /** An unsigned LEB128 number. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
}

/** Reads the needs of a side module. */
export function readMemoryNeeds(module: WebAssembly.Module): MemoryNeeds {
  const [section] = WebAssembly.Module.customSections(module, 'dylink.0');
  if (!section) throw new SideModuleError('sahpool.wasm is no side module: no dylink.0 section');
  const reader = new SectionReader(new Uint8Array(section));
  let needs: MemoryNeeds | undefined;
  while (!reader.atEnd) {
    const kind = reader.byte();
    const length = reader.number();
    const end = reader.position + length;
    if (kind === MEMORY_INFO) {
      needs = {
        memorySize: reader.number(),
        memoryAlignment: 2 ** reader.number(),
        tableSize: reader.number(),
        tableAlignment: 2 ** reader.number(),
      };
    } else if (kind === NEEDED_LIBRARIES && reader.number() > 0) {
      throw new SideModuleError('sahpool.wasm needs other side modules');
    }
    reader.position = end;
  }
  if (!needs) throw new SideModuleError("sahpool.wasm doesn't say how much memory it needs");
  return needs;
}
