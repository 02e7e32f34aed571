// The package's types fit the official ones of every supported version.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const usage = fileURLToPath(new URL('../types/usage.ts', import.meta.url));
const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));

const declarations = {
  3.54: '@sqlite.org/sqlite-wasm/dist/index.d.mts',
  3.53: 'sqlite-wasm-3.53/dist/index.d.mts',
  3.51: 'sqlite-wasm-3.51/dist/index.d.mts',
  '3.50': 'sqlite-wasm-3.50/index.d.ts',
};

for (const [version, file] of Object.entries(declarations)) {
  test(`with the types of SQLite ${version}`, () => {
    const program = ts.createProgram([usage], {
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2022.d.ts', 'lib.webworker.d.ts'],
      types: [],
      paths: { '@sqlite.org/sqlite-wasm': [modules + file] },
    });
    const messages = ts
      .getPreEmitDiagnostics(program)
      .map((it) => ts.flattenDiagnosticMessageText(it.messageText, '\n'));
    assert.deepEqual(messages, []);
  });
}
