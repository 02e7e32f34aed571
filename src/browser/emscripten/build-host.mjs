// Bundles the host of Emscripten programs:
//   node src/browser/emscripten/build-host.mjs OUTPUT.js
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

const directory = path.dirname(fileURLToPath(import.meta.url));
const [output] = process.argv.slice(2);
if (!output) throw new Error('usage: node build-host.mjs OUTPUT.js');

// The program's file begins with this one (emcc --extern-pre-js), so that neither Emscripten's
// optimizer nor Closure Compiler touches it.
const [{ output: files }] = await build({
  configFile: false,
  root: directory,
  logLevel: 'warn',
  build: {
    write: false,
    target: 'es2022',
    minify: true,
    lib: {
      entry: path.join(directory, 'host.ts'),
      formats: ['iife'],
      name: 'sahpoolProgramHost',
      fileName: 'sahpool-host',
    },
  },
});
mkdirSync(path.dirname(output), { recursive: true });
writeFileSync(output, files[0].code);
