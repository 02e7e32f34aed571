// Makes the module of the package, dist/index.js, of the compiled ones: a single one compresses best,
// and a page without a bundler fetches one file.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

const modules = fileURLToPath(new URL('../build/modules', import.meta.url));
const output = fileURLToPath(new URL('dist/index.js', import.meta.url));

const bundle = await rolldown({
  input: path.join(modules, 'index.js'),
  transform: { target: 'es2022' },
});
const {
  output: [{ code }],
} = await bundle.generate({ format: 'es', minify: true, comments: false });
await bundle.close();

// Bundlers look for a plain string here.
const [minified, plain] = ['new URL(`./sahpool.wasm`', 'new URL("./sahpool.wasm"'];
if (!code.includes(minified)) throw new Error(`the bundle has no ${minified}`);
fs.mkdirSync(path.dirname(output), { recursive: true });
fs.writeFileSync(output, code.replace(minified, plain));
