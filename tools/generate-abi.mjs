// Makes of the two headers that declare the boundary to JavaScript what the others need of them:
//   node tools/generate-abi.mjs [--check]
//   npm/src/core/abi.ts                      the declarations in TypeScript
//   src/abi/exports.txt                      what the side module exports
//   src/abi/kept_exports.h                   what Emscripten must not throw away
//   src/browser/emscripten/host-imports.js   what C++ imports there, over the host
// The files are kept beside the sources. With --check nothing is written, and one that is out of date
// ends it with 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HEADERS = ['include/sahpool/pool_functions.h', 'src/abi/abi.h'];
/** Only programs in C and C++ call these. */
const FOR_PROGRAMS = new Set(['sahpool_error_kind', 'sahpool_resolve_name']);
const HOST = 'sahpool_host_';
const MADE_BY = 'Made by tools/generate-abi.mjs';

const pathOf = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const sources = HEADERS.map((file) =>
  readFileSync(pathOf(file), 'utf8').replace(/\/\/.*|\/\*[^]*?\*\//g, ''),
);

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const constantCase = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

function typeOf(declared, name) {
  if (declared.includes('*')) return 'Pointer';
  if (['int', 'double'].includes(declared)) return 'number';
  if (declared === 'void') return 'void';
  throw new Error(`${name}: no TypeScript for the type ${declared}`);
}

/** "const char* name" as its type and its name. */
function parameterOf(text, owner) {
  const [, type, name] = /^(.*[ *])(\w+)$/.exec(text.trim());
  return { type: typeOf(type.trim(), owner), name };
}

/** The functions that a source declares, in their order. */
function functionsOf(source) {
  return [...source.matchAll(/^([a-z][\w ]*[ *]+)(sahpool_\w+)\(([^)]*)\);/gm)].map(
    ([, type, name, parameters]) => ({
      name,
      returns: typeOf(type.trim(), name),
      parameters:
        parameters === 'void' ? [] : parameters.split(',').map((it) => parameterOf(it, name)),
    }),
  );
}

/** The constants that a source defines, by the names that they have in TypeScript. */
function constantsOf(source) {
  const enumerators = [...source.matchAll(/\bkSahpool(\w+) = (-?\d+)/g)];
  const macros = [...source.matchAll(/^#define SAHPOOL_(\w+) (\d+)$/gm)];
  return [
    ...macros.map(([, name, value]) => [name, value]),
    ...enumerators.map(([, name, value]) => [constantCase(name), value]),
  ];
}

const functions = sources.flatMap(functionsOf);
const imported = functions.filter((it) => it.name.startsWith(HOST));
const exported = functions.filter((it) => !imported.includes(it) && !FOR_PROGRAMS.has(it.name));

const signature = ({ parameters, returns }) =>
  `(${parameters.map(({ name, type }) => `${camelCase(name)}: ${type}`).join(', ')}): ${returns}`;

const typescript = `// The boundary between JavaScript and C++, as ${HEADERS.join(' and ')} declare
// it; see there for what each function does. ${MADE_BY}.

/** Addresses in SQLite's memory. 0 is null. */
export type Pointer = number;

${sources
  .flatMap(constantsOf)
  .map(([name, value]) => `export const ${name} = ${value};`)
  .join('\n')}

/** What the C++ exports. */
export interface SideModuleExports {
${exported.map((it) => `  ${it.name}${signature(it)};`).join('\n')}
}

/** What the C++ imports of its host. */
export interface HostImports {
${imported.map((it) => `  ${it.name}${signature(it)};`).join('\n')}
}
`;

const keptExports = `// The functions that the host in JavaScript calls, marked so that an Emscripten program keeps and
// exports them, as the side module exports all of the ABI. ${MADE_BY}.
#ifndef SAHPOOL_ABI_KEPT_EXPORTS_H_
#define SAHPOOL_ABI_KEPT_EXPORTS_H_

#ifdef __EMSCRIPTEN__

#include "abi/abi.h"

#define SAHPOOL_KEEP(function) __attribute__((used)) decltype(function) function

extern "C" {
${exported.map(({ name }) => `SAHPOOL_KEEP(${name});`).join('\n')}
}

#undef SAHPOOL_KEEP

#endif  // __EMSCRIPTEN__

#endif  // SAHPOOL_ABI_KEPT_EXPORTS_H_
`;

function forwarder({ name, parameters, returns }) {
  const names = parameters.map((it) => it.name).join(', ');
  const call = `sahpoolHost()['imports']['${name}'](${names});`;
  return `  ${name}__deps: ['$sahpoolHost'],
  ${name}: function (${names}) {
    ${returns === 'void' ? '' : 'return '}${call}
  },
`;
}

const hostImports = `// What C++ imports of a host, for Emscripten programs: over the host of library.js, which says how this
// is written. ${MADE_BY}.

mergeInto(LibraryManager.library, {
${imported.map(forwarder).join('')}});
`;

const made = {
  'npm/src/core/abi.ts': typescript,
  'src/abi/exports.txt': exported.map(({ name }) => `${name}\n`).join(''),
  'src/abi/kept_exports.h': keptExports,
  'src/browser/emscripten/host-imports.js': hostImports,
};
for (const [file, text] of Object.entries(made)) {
  if (!process.argv.includes('--check')) writeFileSync(pathOf(file), text);
  else if (readFileSync(pathOf(file), 'utf8') !== text) {
    console.error(`${file} is out of date: node tools/generate-abi.mjs`);
    process.exitCode = 1;
  }
}
