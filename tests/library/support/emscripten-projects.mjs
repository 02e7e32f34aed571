// The projects that are compiled by Emscripten: Debian 12's, or a newer one.
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../browser/support/files.mjs';
import { build, copyOfNotes, install, readmeProject, run } from './projects.mjs';

/** The release of Debian whose Emscripten is to be taken (tools/emscripten-newer.sh), if not 12. */
export const newer = process.env.SAHPOOL_EMSCRIPTEN;

const prefix = newer ? [join(repositoryRoot, 'tools/emscripten-newer.sh'), '--run', newer] : [];

/** The library and an SQLite, as tools/build.sh emscripten has built them. */
const libraryBuild = join(repositoryRoot, newer ? `build/emscripten-${newer}` : 'build/emscripten');
const sqliteLibrary = join(libraryBuild, 'libsqlite3_amalgamation.a');
const sqliteWithThreads = join(libraryBuild, 'libsqlite3_amalgamation_pthreads.a');
const amalgamation = join(repositoryRoot, 'node_modules/better-sqlite3/deps/sqlite3');

// Emscripten's tools need Debian's modules, also when the Node.js is not Debian's.
process.env.NODE_PATH = '/usr/share/nodejs';

// Not for every machine, and newer than Emscripten 3.1.6 knows it.
const closureCompiler = join(repositoryRoot, 'node_modules/google-closure-compiler-linux/compiler');
const closureArguments = '--language_in=UNSTABLE --jscomp_off=duplicate';
const closure = existsSync(closureCompiler)
  ? ['-O2', '"SHELL:--closure 1"', `"--closure-args=${closureArguments}"`]
  : [];
process.env.EM_CLOSURE_COMPILER = closureCompiler;

export function installEmscripten() {
  return install(libraryBuild, prefix);
}

function buildForWeb(source, options) {
  return build(source, options, { prefix, wrapper: ['emcmake'] });
}

/** The notebook; with 'threads' its main function is on one. */
export async function webNotes(kind, found) {
  const options = [
    // One of the two as it is published, whose optimization takes long; the other not.
    `-DCMAKE_BUILD_TYPE=${kind === 'plain' ? 'Release' : ''}`,
    found,
    `-DSQLITE_SOURCE_DIR=${amalgamation}`,
    `-DSQLITE_LIBRARY=${kind === 'threads' ? sqliteWithThreads : sqliteLibrary}`,
    `-DNOTES_PTHREADS=${kind === 'threads' ? 'ON' : 'OFF'}`,
  ];
  return addPage(await buildForWeb(copyOfNotes(`notes-${kind}`), options));
}

const waiting = join(repositoryRoot, 'examples/notes/waiting.cc');
const api = join(repositoryRoot, 'tests/library/browser_api.cc');

/** The programs beside the README's: their source, and what they are linked with. */
const programs = {
  waiting: [waiting, '-O1', '-sASYNCIFY=1'],
  // The other way of passing 64-bit integers than the usual one of that version.
  refused: [waiting, newer === 'sid' ? '-sWASM_BIGINT=0' : '-sWASM_BIGINT=1'],
  browser_api: [api, ...closure],
  // All that Emscripten can check, in a module.
  checked_api: [
    api,
    ...['-sASSERTIONS=2', '-sSAFE_HEAP=1', '-sSTACK_OVERFLOW_CHECK=2', '-sENVIRONMENT=worker'],
    ...['-sMODULARIZE=1', '-sEXPORT_ES6=1', '-sSINGLE_FILE=1'],
  ],
  ...(newer && {
    suspending: [waiting, '-O1', '-sJSPI=1'],
    suspending_callback: [join(repositoryRoot, 'tests/library/wait_in_callback.cc'), '-sJSPI=1'],
  }),
};

export async function webPrograms(found) {
  const targets =
    'add_library(sqlite3 STATIC IMPORTED)\n' +
    `set_target_properties(sqlite3 PROPERTIES IMPORTED_LOCATION ${sqliteLibrary}\n` +
    `  INTERFACE_INCLUDE_DIRECTORIES ${amalgamation})\n`;
  const others = Object.entries(programs)
    .map(
      ([name, [file, ...options]]) =>
        `add_executable(${name} ${file})\n` +
        `target_link_libraries(${name} PRIVATE sahpool::sahpool sqlite3)\n` +
        `target_link_options(${name} PRIVATE -sALLOW_MEMORY_GROWTH=1 ${options.join(' ')})\n`,
    )
    .join('');
  const module = 'set_target_properties(checked_api PROPERTIES SUFFIX .mjs)\n';
  const source = readmeProject('programs', targets, (lines) => lines + others + module);
  return addPage(await buildForWeb(source, [found]));
}

/** What the compiler says to a program for wasm64. */
export async function wasm64Refusal() {
  const include = join(repositoryRoot, 'include');
  const compiler = ['em++', '-sMEMORY64=1', '-fsyntax-only', '-std=c++20', `-I${include}`];
  const words = [...compiler, '-xc++', join(include, 'sahpool/sqlite_pool.h')];
  return run(['sh', '-c', '! "$@" 2>&1', '-', ...words], repositoryRoot, prefix);
}

const indexSource = `<!doctype html>
<meta charset="utf-8" />
<title>Programs</title>
<link rel="icon" href="data:," />
`;

/** A worker that runs a program which is a module. */
const moduleWorkerSource = `
const program = new URL(self.location).searchParams.get('program');
const { default: start } = await import('./' + program);
const print = (line) => self.postMessage(line);
await start({ print, printErr: print });
`;

/** The other worker, which also tells when a thread of the program has come up: when it says something. */
const watchedWorkerSource = `
self.Worker = class extends Worker {
  constructor(...words) {
    super(...words);
    this.addEventListener('message', () => self.postMessage({ isThreadUp: true }), { once: true });
  }
};
self.importScripts('worker.js');
`;

/** Programs that hang without a thread, and with one. */
const noThreadSource = '';
const endlessThreadSource = `
const thread = new Worker(URL.createObjectURL(new Blob(['self.postMessage("loaded")'])));
thread.onmessage = () => Module.print('up');
`;

/** Puts a page and the workers that run programs beside what was built. */
function addPage(directory) {
  writeFileSync(join(directory, 'index.html'), indexSource);
  writeFileSync(join(directory, 'worker.mjs'), moduleWorkerSource);
  writeFileSync(join(directory, 'watched-worker.js'), watchedWorkerSource);
  writeFileSync(join(directory, 'no-thread.js'), noThreadSource);
  writeFileSync(join(directory, 'endless-thread.js'), endlessThreadSource);
  cpSync(join(repositoryRoot, 'examples/notes/worker.js'), join(directory, 'worker.js'));
  return directory;
}
