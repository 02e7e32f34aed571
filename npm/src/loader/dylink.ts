// The "dylink.0" section of a position-independent WebAssembly module: what it needs of its host
// before it can be instantiated. Described in the tool conventions, DynamicLinking.md.

import { SideModuleError } from '../core/errors.js';

const MEMORY_INFO = 1;
const NEEDED_LIBRARIES = 2;

/** Sizes in bytes or table elements, alignments as such (not as powers of two). */
export interface MemoryNeeds {
  readonly memorySize: number;
  readonly memoryAlignment: number;
  readonly tableSize: number;
  readonly tableAlignment: number;
}

/** Reads the needs of a side module. */
export function readMemoryNeeds(module: WebAssembly.Module): MemoryNeeds {
  const [section] = WebAssembly.Module.customSections(module, 'dylink.0');
  if (!section) throw new SideModuleError('sahpool.wasm is no side module: no dylink.0 section');
  const bytes = new Uint8Array(section);
  let position = 0;
  /** The next unsigned LEB128 number. */
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[position++];
      if (byte === undefined) throw new SideModuleError('its dylink.0 section is cut short');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  let needs: MemoryNeeds | undefined;
  while (position < bytes.length) {
    const kind = next();
    const length = next();
    const end = position + length;
    if (kind === MEMORY_INFO) {
      needs = {
        memorySize: next(),
        memoryAlignment: 2 ** next(),
        tableSize: next(),
        tableAlignment: 2 ** next(),
      };
    } else if (kind === NEEDED_LIBRARIES && next() > 0) {
      throw new SideModuleError('sahpool.wasm needs other side modules');
    }
    position = end;
  }
  if (!needs) throw new SideModuleError("sahpool.wasm doesn't say how much memory it needs");
  return needs;
}
