// Makes the compiled modules in dist/ as small as they are published. Module by module, so that
// bundlers and pages without one find the same files.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { minify } from 'vite';

const dist = fileURLToPath(new URL('dist', import.meta.url));

async function minifyModule(name) {
  const file = path.join(dist, name);
  const options = { module: true, compress: { target: 'es2022' }, mangle: { toplevel: true } };
  const { code, errors } = await minify(name, fs.readFileSync(file, 'utf8'), options);
  if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`);
  // Bundlers look for a plain string here.
  fs.writeFileSync(file, code.replace('new URL(`./sahpool.wasm`', 'new URL("./sahpool.wasm"'));
}

const names = fs.readdirSync(dist).filter((name) => name.endsWith('.js'));
await Promise.all(names.map(minifyModule));
