// attach(): what it accepts as the side module, and what it says about namespaces and modules that
// don't fit.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';

import {
  attach,
  IncompatibleSqliteError,
  SahpoolError,
  SideModuleError,
} from '../../npm/dist/index.js';
import { loadSqlite, shortNames, sideModule } from './harness.mjs';
import { body, buildModule, importOf } from './wasm-builder.mjs';

const sideModuleBytes = fs.readFileSync(new URL('../../npm/dist/sahpool.wasm', import.meta.url));

const globalOf = (name, isMutable) => importOf.global('env', shortNames.get(name), isMutable);

/** A namespace that differs from a real one. */
async function namespaceWith(changes) {
  const sqlite3 = await loadSqlite();
  const { wasm } = sqlite3;
  const exports = { ...wasm.exports, ...changes.exports };
  return {
    ...sqlite3,
    wasm: {
      exports,
      memory: wasm.memory,
      functionTable: wasm.functionTable,
      ...changes.wasm,
    },
    ...changes.namespace,
  };
}

async function missingFrom(sqlite3, wasm = sideModule) {
  let missing;
  await assert.rejects(attach(sqlite3, { wasm }), (error) => {
    assert.ok(error instanceof IncompatibleSqliteError, String(error));
    assert.ok(error instanceof SahpoolError);
    missing = error.missing;
    return true;
  });
  return missing.join('; ');
}

describe('a namespace', () => {
  test('without wasm.exports is refused', async () => {
    assert.match(await missingFrom(undefined), /no sqlite3 namespace/);
    assert.match(await missingFrom({}), /wasm\.exports/);
    assert.match(await missingFrom(Promise.resolve({})), /pass what sqlite3InitModule\(\) returns/);
  });

  test('that lacks functions gets all of them named', async () => {
    const sqlite3 = await namespaceWith({
      exports: { sqlite3_vfs_register: undefined, sqlite3_malloc: undefined },
    });
    delete sqlite3.SQLite3Error;
    const missing = await missingFrom(sqlite3);
    assert.match(missing, /lack these functions: sqlite3_malloc, sqlite3_vfs_register$/);
    assert.match(missing, /no SQLite3Error/);
  });

  test('with 64-bit pointers is refused', async () => {
    const sqlite3 = await namespaceWith({ exports: { sqlite3_libversion: () => 1024n } });
    assert.match(await missingFrom(sqlite3), /64 bits/);
  });

  test('without memory or function table is refused', async () => {
    const sqlite3 = await namespaceWith({
      exports: { __indirect_function_table: undefined },
      wasm: { memory: undefined, functionTable: undefined },
    });
    assert.match(
      await missingFrom(sqlite3),
      /no WebAssembly memory.*no WebAssembly function table/,
    );
  });

  test('with a function table that can not grow is refused', async () => {
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 10 });
    const sqlite3 = await namespaceWith({ wasm: { functionTable: () => table } });
    assert.match(await missingFrom(sqlite3), /table can't grow/);
  });

  test('that is frozen is refused', async () => {
    const sqlite3 = Object.freeze(await namespaceWith({}));
    assert.match(await missingFrom(sqlite3), /can not be replaced/);
  });

  test('whose functions have other signatures is refused', async () => {
    const { sqlite3_malloc } = (await loadSqlite()).wasm.exports;
    const sqlite3 = await namespaceWith({ exports: { sqlite3_stricmp: sqlite3_malloc } });
    assert.match(await missingFrom(sqlite3), /exports don't fit: LinkError: .*sqlite3_stricmp/);
  });

  test('that was refused can be tried again', async () => {
    const sqlite3 = await loadSqlite();
    const { SQLite3Error } = sqlite3;
    delete sqlite3.SQLite3Error;
    await missingFrom(sqlite3);
    sqlite3.SQLite3Error = SQLite3Error;
    assert.equal(await attach(sqlite3, { wasm: sideModule }), sqlite3);
  });
});

describe('the side module', () => {
  test('is accepted as bytes', async () => {
    for (const wasm of [sideModuleBytes, new Uint8Array(sideModuleBytes).buffer]) {
      const sqlite3 = await loadSqlite();
      assert.equal(await attach(sqlite3, { wasm }), sqlite3);
    }
  });

  test('is read from where it lies beside the script, in Node', async () => {
    const url = new URL('../../npm/dist/sahpool.wasm', import.meta.url);
    for (const options of [undefined, { wasm: url }, { wasm: url.href }]) {
      const sqlite3 = await loadSqlite();
      assert.equal(await attach(sqlite3, options), sqlite3);
    }
    const wasm = new URL('none.wasm', url);
    await assert.rejects(attach(await loadSqlite(), { wasm }), (error) => {
      assert.ok(error instanceof SideModuleError);
      assert.match(error.message, /none\.wasm can't be fetched: .*ENOENT/);
      return true;
    });
  });

  test('and the package can be had by require(), where Node can', () => {
    const require = createRequire(import.meta.url);
    assert.match(require.resolve('sahpool'), /npm\/dist\/index\.js$/);
  });

  test('of a wrong type is a TypeError', async () => {
    const sqlite3 = await loadSqlite();
    await assert.rejects(attach(sqlite3, { wasm: 7 }), /option "wasm" must be/);
  });

  test('is loaded while SQLite is, given the promise of it', async () => {
    const compile = WebAssembly.compile;
    const order = [];
    WebAssembly.compile = (...args) => {
      order.push('side module');
      return compile(...args);
    };
    try {
      const loading = loadSqlite().then((sqlite3) => {
        order.push('sqlite3');
        return sqlite3;
      });
      const sqlite3 = await attach(loading, { wasm: sideModuleBytes });
      assert.equal(sqlite3, await loading);
      assert.equal(typeof sqlite3.installOpfsSAHPoolVfs, 'function');
      assert.deepEqual(order, ['side module', 'sqlite3']);
    } finally {
      WebAssembly.compile = compile;
    }
  });

  test('that can not be loaded is reported when SQLite is there', async () => {
    await assert.rejects(attach(loadSqlite(), { wasm: new Uint8Array(8) }), SideModuleError);
    const reason = new Error('no SQLite');
    const broken = { wasm: new Uint8Array(8) };
    await assert.rejects(attach(Promise.reject(reason), broken), reason);
    await assert.rejects(attach(Promise.reject(reason), { wasm: sideModuleBytes }), reason);
  });

  test('is fetched, whatever its content type', async (t) => {
    const types = {
      '/a': 'application/wasm',
      '/b': 'text/plain',
      '/c': 'text/html',
      '/e': 'application/wasm; charset=utf-8',
      '/f': 'application/wasm;v=1',
    };
    const server = http.createServer((request, response) => {
      const type = types[request.url];
      response.writeHead(type ? 200 : 404, type && { 'content-type': type });
      response.end(request.url === '/c' ? '<!doctype html>' : sideModuleBytes);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const origin = `http://127.0.0.1:${server.address().port}`;
    for (const wasm of [`${origin}/a`, new URL(`${origin}/b`), `${origin}/e`, `${origin}/f`]) {
      await attach(await loadSqlite(), { wasm });
    }
    const sqlite3 = await loadSqlite();
    for (const [path, text] of [
      ['/c', /\/c can't be compiled .*text\/html/],
      ['/d', /\/d can't be fetched: .*HTTP status 404/],
    ]) {
      await assert.rejects(attach(sqlite3, { wasm: origin + path }), (error) => {
        assert.ok(error instanceof SideModuleError);
        assert.match(error.message, text);
        return true;
      });
    }
    server.close();
    server.closeAllConnections();
    await assert.rejects(attach(sqlite3, { wasm: `${origin}/a` }), /can't be fetched/);
  });

  const misfits = {
    'is no WebAssembly': [new Uint8Array(8), /can't be compiled/],
    'is no side module': [buildModule({ dylink: null }), /no dylink\.0 section/],
    'needs other side modules': [buildModule({ needed: ['libc.so'] }), /needs other side modules/],
    'imports what is unknown': [
      buildModule({
        imports: [importOf.function('sahpool_host', 'sing'), importOf.global('other', 'x')],
        functionImports: 1,
      }),
      /sahpool_host\.sing, other\.x/,
    ],
    'has another ABI': [
      buildModule({ functions: { [shortNames.get('sahpool_abi_version')]: body.constant(9) } }),
      /ABI version is 9,/,
    ],
    'has none': [buildModule(), /ABI version is undefined/],
    'wants addresses by name': [
      buildModule({
        imports: [
          importOf.global('GOT.mem', 'errno', true),
          importOf.global('GOT.func', 'sqlite3_libversion', true),
        ],
      }),
      /GOT\.mem\.errno, GOT\.func\.sqlite3_libversion/,
    ],
  };
  for (const [title, [wasm, text]] of Object.entries(misfits)) {
    test(`that ${title} is refused`, async () => {
      await assert.rejects(attach(await loadSqlite(), { wasm }), (error) => {
        assert.ok(error instanceof SideModuleError, String(error));
        assert.match(error.message, text);
        return true;
      });
    });
  }

  test('gets memory, a stack and table entries of its own', async () => {
    const sqlite3 = await loadSqlite();
    const table = sqlite3.wasm.functionTable();
    const before = table.length;
    const imports = [
      importOf.memory('env', 'memory'),
      importOf.table('env', shortNames.get('__indirect_function_table')),
      globalOf('__memory_base'),
      globalOf('__table_base'),
      globalOf('__stack_pointer', true),
    ];
    const values = [0, 1, 2];
    // The version that it claims is a value in question, so the error shows it.
    const found = [];
    for (const global of values) {
      const wasm = buildModule({
        dylink: { memorySize: 100, memoryAlignment: 8, tableSize: 3 },
        imports,
        functions: { [shortNames.get('sahpool_abi_version')]: body.getGlobal(global) },
      });
      await attach(sqlite3, { wasm }).then(
        () => found.push(1),
        (error) => found.push(Number(/version is (-?\d+)/.exec(error.message)[1])),
      );
    }
    const [memoryBase, tableBase, stackTop] = found;
    assert.equal(memoryBase % 256, 0);
    assert.equal(stackTop % 16, 0);
    assert.equal(tableBase, before + 3);
    assert.equal(table.length, before + 9);
  });

  test('starts with its data relocated, its memory zero and its constructors run', async () => {
    const wasm = (functions) =>
      buildModule({
        dylink: { memorySize: 4096, memoryAlignment: 4, tableSize: 0 },
        imports: [importOf.memory('env', 'memory'), globalOf('__memory_base')],
        functions,
      });
    // Memory that the allocator gives again holds what was written before.
    const sqlite3 = await loadSqlite();
    const block = sqlite3.wasm.alloc(4096 + 16);
    sqlite3.wasm.heap8u().fill(0xaa, block, block + 4096 + 16);
    sqlite3.wasm.dealloc(block);
    await assert.rejects(
      attach(sqlite3, {
        wasm: wasm({
          [shortNames.get('__wasm_apply_data_relocs')]: body.increment(0),
          [shortNames.get('__wasm_call_ctors')]: body.increment(0),
          [shortNames.get('sahpool_abi_version')]: body.increment(0),
        }),
      }),
      /ABI version is 3,/,
    );
  });
});
