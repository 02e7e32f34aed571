// The resolver in WebAssembly against the URL parser of this Node. The package's side module doesn't
// export it; that of the conformance suite does.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';

import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

import { importedFunctions, loadSideModule } from '../../build/modules/loader/side-module.js';
import { checkNamespace } from '../../build/modules/core/sqlite-namespace.js';
import { urlDialectFlags } from '../../build/modules/core/url-dialect.js';
import { WasmMemory } from '../../build/modules/core/wasm-memory.js';
import { conformanceWasm } from '../conformance/host.mjs';
import { generateNames, MAX_STORED_NAME_BYTES, pathOnlyPathname } from './names-corpus.mjs';

const SQLITE_OK = 0;
const SQLITE_CANTOPEN = 14;
const SQLITE_MISUSE = 21;
const OUT_BYTES = 512;

/** Resolving names needs no storage and says nothing. */
function makeHost(module) {
  const names = WebAssembly.Module.imports(module)
    .map((it) => it.name)
    .filter((name) => name.startsWith('sahpool_host_'));
  const refuse = (name) => () => assert.fail(`the host's ${name}() was called`);
  return Object.fromEntries(names.map((name) => [name, refuse(name)]));
}

/** Returns resolve(name): the result code, and the stored name when it is SQLITE_OK. */
async function makeResolver() {
  const module = await WebAssembly.compile(await readFile(conformanceWasm));
  const sqlite = checkNamespace(await sqlite3InitModule(), importedFunctions(module));
  const memory = new WasmMemory(sqlite);
  const exports = await loadSideModule(module, sqlite, memory, makeHost(module));
  const pool = memory.withCString('names-test', (vfsName) => exports.sahpool_create(vfsName));
  assert.notEqual(pool, 0);
  exports.sahpool_set_url_dialect(pool, urlDialectFlags());
  const out = memory.allocate(OUT_BYTES);
  return (name) => {
    const code = memory.withCString(name, (pointer) => {
      return exports.sahpool_resolve_name(pool, pointer, out, OUT_BYTES);
    });
    return { code, stored: code === SQLITE_OK ? memory.cString(out) : null };
  };
}

function outcomeFor(pathname) {
  return pathname.length > MAX_STORED_NAME_BYTES
    ? { code: SQLITE_CANTOPEN, stored: null }
    : { code: SQLITE_OK, stored: pathname };
}

const cases = generateNames(20260607, 40000);
let resolve;
before(async () => {
  resolve = await makeResolver();
});

test('ordinary names are stored as the URL parser spells them', () => {
  const ordinary = cases.filter(({ expected }) => expected !== null);
  assert.ok(ordinary.length >= 20000, `only ${ordinary.length} of the names are ordinary`);
  for (const { name, expected } of ordinary) {
    assert.deepEqual(resolve(name), outcomeFor(expected), JSON.stringify(name));
  }
});

test('names in which the URL parser sees more than a path are stored as paths', () => {
  const special = cases.filter(({ expected }) => expected === null);
  assert.ok(special.length >= 5000, `only ${special.length} of the names are special`);
  for (const { name } of special) {
    assert.deepEqual(resolve(name), outcomeFor(pathOnlyPathname(name)), JSON.stringify(name));
  }
});

test('names that differ in what the URL parser drops are stored apart', () => {
  const groups = [
    ['a', 'a#', 'a#b', 'a?', 'a?b', 'a#b?', 'a?b#', 'a%23b', 'a%3Fb'],
    ['p', 'x:p', 'y:p', 'http:p', 'http://h/p', '//h/p', '///p', '//p'],
    ['C:', 'C:x', 'C:/x', 'D:/x', 'c:/x', '/x'],
    ['ab', 'a\tb', 'a\nb', 'a\rb', ' ab', 'ab ', '\x01ab', 'ab\x1f'],
  ];
  for (const group of groups) {
    const stored = group.map((name) => resolve(name).stored);
    assert.equal(new Set(stored).size, group.length, stored.join(' '));
  }
});

test('stored names resolve to themselves, and so do the names of their journals', () => {
  for (const { name } of cases) {
    const { stored } = resolve(name);
    if (stored === null) continue;
    assert.equal(resolve(stored).stored, stored, JSON.stringify(name));
    const journal = `${stored}-journal`;
    assert.deepEqual(resolve(journal), outcomeFor(journal), JSON.stringify(name));
  }
});

test('the empty name is refused', () => {
  assert.deepEqual(resolve(''), { code: SQLITE_MISUSE, stored: null });
});
