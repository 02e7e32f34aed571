// Loads the side module into SQLite's WebAssembly instance: it shares SQLite's memory and function
// table, and calls SQLite's C functions directly.

import { ABI_VERSION, type HostImports, type SideModuleExports } from '../core/abi.js';
import { IncompatibleSqliteError, SideModuleError } from '../core/errors.js';
import { exceptionText } from '../core/exception-text.js';
import type { SqliteInstance } from '../core/sqlite-namespace.js';
import type { WasmMemory } from '../core/wasm-memory.js';
import { type MemoryNeeds, readMemoryNeeds } from './dylink.js';

const STACK_SIZE = 64 * 1024;
const STACK_ALIGNMENT = 16;

type Imports = Record<string, WebAssembly.ModuleImports>;

/** The SQLite functions that the module calls. */
export function importedFunctions(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.imports(module)
    .map((it) => it.name)
    .filter((it) => it.startsWith('sqlite3_'));
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
    throw new IncompatibleSqliteError([`its function table can't grow by ${count} entries`], {
      cause,
    });
  }
  return start;
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

/** What the module can import: SQLite's functions, its own places in SQLite's memory, the host. */
function importsFor(sqlite: SqliteInstance, host: HostImports, layout: Layout): Imports {
  const constant = (value: number) => new WebAssembly.Global({ value: 'i32' }, value);
  return {
    env: {
      ...(sqlite.exports as unknown as WebAssembly.ModuleImports),
      ...host,
      memory: sqlite.memory,
      __indirect_function_table: sqlite.table,
      __memory_base: constant(layout.memoryBase),
      __table_base: constant(layout.tableBase),
      __stack_pointer: new WebAssembly.Global({ value: 'i32', mutable: true }, layout.stackTop),
    },
  };
}

function demandAllImports(module: WebAssembly.Module, imports: Imports): void {
  const unknown = WebAssembly.Module.imports(module)
    .filter((it) => imports[it.module]?.[it.name] === undefined)
    .map((it) => `${it.module}.${it.name}`);
  if (unknown.length > 0) {
    throw new SideModuleError(
      `sahpool.wasm imports what this version of the package doesn't know: ${unknown.join(', ')}`,
    );
  }
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
  const imports = importsFor(sqlite, host, layout);
  demandAllImports(module, imports);
  const { exports } = await WebAssembly.instantiate(module, imports).catch((cause: unknown) => {
    throw new IncompatibleSqliteError([`its exports don't fit: ${exceptionText(cause)}`], {
      cause,
    });
  });
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
