// Makes the module of the package, dist/index.js, of the compiled ones: a single one compresses best,
// and a page without a bundler fetches one file. It and the side module beside it agree on short names.
// The adapter for wa-sqlite is another.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

import { orderFunctions, orderOf } from './order-functions.mjs';
import { shortenNames } from './short-names.mjs';

const modules = fileURLToPath(new URL('../build/modules', import.meta.url));
const sideModule = fileURLToPath(new URL('../build/wasm/sahpool.wasm', import.meta.url));
const output = fileURLToPath(new URL('dist/', import.meta.url));
const adapter = fileURLToPath(new URL('dist/wa-sqlite/index.js', import.meta.url));

/** All words of a TypeScript source or declaration but those in comments. */
function wordsOf(url) {
  const source = fs.readFileSync(url, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  return source.match(/[A-Za-z_$][\w$]*/g) ?? [];
}

// Names that belong to others keep theirs: to users (the public declarations), to SQLite, to the C
// ABI and its linker, and to the language, the browser and Node.js; and so do names that are also
// spelled as strings.
// Every other member is known to this bundle only.
const ofNode = ['process', 'getBuiltinModule', 'readFileSync'];
const ofLinker = ['env'];
const typescript = new URL('./', import.meta.resolve('typescript'));
const foreign = [
  ...['api/index', 'api/attach', 'core/types', 'core/errors'].map(
    (it) => new URL(`dist/${it}.d.ts`, import.meta.url),
  ),
  ...['sqlite-namespace', 'abi'].map((it) => new URL(`src/core/${it}.ts`, import.meta.url)),
  ...fs
    .readdirSync(typescript)
    .filter((it) => /^lib\.(es|webworker|decorators).*\.d\.ts$/.test(it))
    .map((it) => new URL(it, typescript)),
];
const spelled = fs
  .readdirSync(modules, { recursive: true })
  .filter((it) => it.endsWith('.js') && !it.endsWith('wa-sqlite.js'))
  .flatMap((it) => fs.readFileSync(path.join(modules, it), 'utf8').match(/(?<=')\w+(?=')/g) ?? []);
const reserved = [...new Set([...ofNode, ...ofLinker, ...foreign.flatMap(wordsOf), ...spelled])];

const linked = fs.readFileSync(sideModule);
const listed = fs.readFileSync(new URL('function-order.txt', import.meta.url), 'utf8').split('\n');
const { module, names } = shortenNames(orderFunctions(linked, orderOf(linked, listed)));
// Where names are SQLite's that the side module uses as well.
const isOfSqlite = (id) => id.endsWith('/sqlite-namespace.js');
const shortened = {
  name: 'short-names',
  transform: (source, id) => ({
    code: isOfSqlite(id)
      ? source
      : source.replace(/\b(sahpool_|__)\w+/g, (it) => names.get(it) ?? it),
    moduleType: 'js',
  }),
};

const bundle = await rolldown({
  input: path.join(modules, 'api/index.js'),
  transform: { target: 'es2022' },
  plugins: [shortened],
});
const {
  output: [{ code }],
} = await bundle.generate({
  format: 'es',
  minify: { mangleProps: { include: /^[a-z]/, reserved: [...reserved, ...names.values()] } },
  comments: false,
});
await bundle.close();

// Bundlers look for a plain string here.
const [minified, plain] = ['new URL(`./sahpool.wasm`', 'new URL("./sahpool.wasm"'];
if (!code.includes(minified)) throw new Error(`the bundle has no ${minified}`);
fs.mkdirSync(output, { recursive: true });
fs.writeFileSync(path.join(output, 'index.js'), code.replace(minified, plain));
fs.writeFileSync(path.join(output, 'sahpool.wasm'), module);

// An entry of its own, which imports the other one by what is public of it.
const adapterBundle = await rolldown({
  input: path.join(modules, 'api/wa-sqlite.js'),
  external: [/\/index\.js$/],
  transform: { target: 'es2022' },
});
await adapterBundle.write({
  file: adapter,
  format: 'es',
  minify: true,
  comments: false,
  paths: { [path.join(modules, 'api/index.js')]: '../index.js' },
});
await adapterBundle.close();
