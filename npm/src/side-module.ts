// Loads the side module into SQLite's WebAssembly instance: it shares SQLite's memory and function
// table, and calls SQLite's C functions directly.

import { ABI_VERSION, type HostImports, type SideModuleExports } from './abi.js';
import { type MemoryNeeds, readMemoryNeeds } from './dylink.js';
import { IncompatibleSqliteError, SideModuleError } from './errors.js';
import type { SqliteInstance } from './sqlite-namespace.js';
import type { WasmMemory } from './wasm-memory.js';

const STACK_SIZE = 64 * 1024;
const STACK_ALIGNMENT = 16;
const HOST_MODULE = 'sahpool_host';
const GLOBAL_OFFSETS = 'GOT.mem';
const FUNCTION_OFFSETS = 'GOT.func';

type Imports = Record<string, Record<string, WebAssembly.ImportValue>>;

/** The SQLite functions that the module calls. */
export function importedFunctions(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.imports(module)
    .filter((it) => it.module === 'env' && it.kind === 'function')
    .map((it) => it.name);
}

function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

/** Zeroed memory that the module keeps for good. */
function allocateAligned(memory: WasmMemory, size: number, alignment: number): number {
  const block = memory.allocate(size + alignment);
  const start = alignUp(block, alignment);
  memory.view(start, size).fill(0);
  return start;
}

function growTable(table: WebAssembly.Table, count: number, alignment: number): number {
  const start = alignUp(table.length, alignment);
  try {
    table.grow(start + count - table.length);
  } catch (cause) {
    const error = new IncompatibleSqliteError([
      `its function table can't grow by ${count} entries`,
    ]);
    error.cause = cause;
    throw error;
  }
  return start;
}

/** Fills the addresses that the module asks for by name; some are known only once it exists. */
class OffsetTable {
  readonly #sqlite: SqliteInstance;
  readonly #memoryBase: number;
  readonly #pending: { name: string; isFunction: boolean; target: WebAssembly.Global }[] = [];

  constructor(sqlite: SqliteInstance, memoryBase: number) {
    this.#sqlite = sqlite;
    this.#memoryBase = memoryBase;
  }

  add(name: string, isFunction: boolean): WebAssembly.Global {
    const target = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
    this.#pending.push({ name, isFunction, target });
    return target;
  }

  fill(exports: WebAssembly.Exports): void {
    for (const { name, isFunction, target } of this.#pending) {
      const own = exports[name];
      if (isFunction) {
        target.value = this.#functionIndex(name, own ?? this.#sqlite.exports[name]);
      } else if (own instanceof WebAssembly.Global) {
        target.value = this.#memoryBase + Number(own.value);
      } else {
        throw new SideModuleError(`sahpool.wasm needs the address of an unknown object, ${name}`);
      }
    }
  }

  #functionIndex(name: string, func: unknown): number {
    if (typeof func !== 'function') {
      throw new IncompatibleSqliteError([`its WebAssembly exports lack the function ${name}`]);
    }
    const index = growTable(this.#sqlite.table, 1, 1);
    this.#sqlite.table.set(index, func);
    return index;
  }
}

interface Layout {
  readonly memoryBase: number;
  readonly tableBase: number;
  readonly stackTop: number;
}

function layOut(sqlite: SqliteInstance, memory: WasmMemory, needs: MemoryNeeds): Layout {
  const tableBase = growTable(sqlite.table, needs.tableSize, needs.tableAlignment);
  const memoryBase = allocateAligned(memory, needs.memorySize, needs.memoryAlignment);
  const stack = allocateAligned(memory, STACK_SIZE, STACK_ALIGNMENT);
  return { memoryBase, tableBase, stackTop: stack + STACK_SIZE };
}

function environment(sqlite: SqliteInstance, layout: Layout): Imports[string] {
  const constant = (value: number) => new WebAssembly.Global({ value: 'i32' }, value);
  return {
    memory: sqlite.memory,
    __indirect_function_table: sqlite.table,
    __memory_base: constant(layout.memoryBase),
    __table_base: constant(layout.tableBase),
    __stack_pointer: new WebAssembly.Global({ value: 'i32', mutable: true }, layout.stackTop),
  };
}

function buildImports(
  module: WebAssembly.Module,
  sqlite: SqliteInstance,
  host: HostImports,
  layout: Layout,
  offsets: OffsetTable,
): Imports {
  const known: Imports = {
    env: environment(sqlite, layout),
    [HOST_MODULE]: { ...host },
  };
  const imports: Imports = {};
  const unknown: string[] = [];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    let value = known[from]?.[name];
    if (from === GLOBAL_OFFSETS) value = offsets.add(name, false);
    if (from === FUNCTION_OFFSETS) value = offsets.add(name, true);
    if (from === 'env' && kind === 'function') {
      value = sqlite.exports[name] as WebAssembly.ImportValue;
    }
    if (value === undefined) unknown.push(`${from}.${name}`);
    else (imports[from] ??= {})[name] = value;
  }
  if (unknown.length > 0) {
    throw new SideModuleError(
      `sahpool.wasm imports what this version of the package doesn't know: ${unknown.join(', ')}`,
    );
  }
  return imports;
}

/** Calls a function without parameters, if the module has it. */
function callIfExported(exports: WebAssembly.Exports, name: string): unknown {
  const func = exports[name] as (() => unknown) | undefined;
  return func?.();
}

/**
 * Instantiates the module beside SQLite.
 * @param sqlite a namespace that has all of importedFunctions().
 */
export async function loadSideModule(
  module: WebAssembly.Module,
  sqlite: SqliteInstance,
  memory: WasmMemory,
  host: HostImports,
): Promise<SideModuleExports> {
  const layout = layOut(sqlite, memory, readMemoryNeeds(module));
  const offsets = new OffsetTable(sqlite, layout.memoryBase);
  const imports = buildImports(module, sqlite, host, layout, offsets);
  const { exports } = await WebAssembly.instantiate(module, imports);
  offsets.fill(exports);
  callIfExported(exports, '__wasm_apply_data_relocs');
  callIfExported(exports, '__wasm_call_ctors');
  const found = callIfExported(exports, 'sahpool_abi_version');
  if (found !== ABI_VERSION) {
    throw new SideModuleError(
      `sahpool.wasm belongs to another version of the package: its ABI version is ` +
        `${String(found)}, not ${ABI_VERSION}`,
    );
  }
  return exports as unknown as SideModuleExports;
}
