// Projects outside the source tree that use the library, in temporary directories.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../browser/support/commands.mjs';
import { repositoryRoot, temporaryDirectory } from '../../browser/support/files.mjs';

// Emscripten's tools need Debian's modules, also when the Node.js is not Debian's.
process.env.NODE_PATH = '/usr/share/nodejs';

const amalgamation = join(repositoryRoot, 'node_modules/better-sqlite3/deps/sqlite3');

/** The library for Emscripten, as tools/build.sh emscripten has built it. */
const emscriptenBuilds = { plain: 'build/emscripten', threads: 'build/emscripten-threads' };

/** Compiling takes a while on a machine that is busy with other things. */
const compileTimeout = 400_000;

function compile(directory) {
  return runCommand('cmake', ['--build', directory], directory, { timeout: compileTimeout });
}

/** Configures and builds the project in `source`; gives the directory of what was built. */
async function build(source, options, { emscripten = false } = {}) {
  const directory = join(source, 'build');
  const configure = ['cmake', '-S', source, '-B', directory, '-G', 'Ninja', ...options];
  if (emscripten) await runCommand('emcmake', configure, source);
  else await runCommand(configure[0], configure.slice(1), source);
  await compile(directory);
  return directory;
}

/** The fenced blocks of that language in the README's section about C++. */
function readmeBlock(language) {
  const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
  const [, section] = readme.split('\n## In a C++ program\n');
  const block = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(section);
  if (!block) throw new Error(`the README's section about C++ has no ${language} block`);
  return block[1];
}

/** A project with the README's example; `before` stands where a project has its other targets. */
function readmeProject(purpose, before, change = (lines) => lines) {
  const source = temporaryDirectory(purpose);
  const head = 'cmake_minimum_required(VERSION 3.25)\nproject(app C CXX)\n';
  writeFileSync(join(source, 'CMakeLists.txt'), head + before + change(readmeBlock('cmake')));
  writeFileSync(join(source, 'app.cc'), readmeBlock('cpp'));
  return source;
}

/** Installs a build of the library where nothing else is; gives the option that finds it. */
async function install(build) {
  const prefix = temporaryDirectory('prefix');
  await runCommand('cmake', ['--install', build, '--prefix', prefix], repositoryRoot);
  return `-Dsahpool_DIR=${prefix}/lib/cmake/sahpool`;
}

function copyOfNotes(purpose) {
  const source = temporaryDirectory(purpose);
  cpSync(join(repositoryRoot, 'examples/notes'), source, { recursive: true });
  return source;
}

/** The notebook, natively: by find_package() of what GCC has built, with the system's SQLite. */
export async function nativeNotes() {
  const libraryBuild = join(repositoryRoot, 'build/gcc');
  const compiler = '-DCMAKE_CXX_COMPILER=g++-12';
  const options = ['-DSAHPOOL_BUILD_TESTS=OFF', '-DSAHPOOL_BUILD_TOOLS=OFF'];
  const sqlite = '-DSAHPOOL_SQLITE_DIR=/usr/include';
  const source = ['cmake', '-S', repositoryRoot, '-B', libraryBuild, '-G', 'Ninja'];
  mkdirSync(libraryBuild, { recursive: true });
  await runCommand(source[0], [...source.slice(1), compiler, sqlite, ...options], libraryBuild);
  await compile(libraryBuild);
  return build(copyOfNotes('notes'), [compiler, await install(libraryBuild)]);
}

/** The README's example over the source tree, with the system's SQLite. */
export function nativeReadme(way, compiler) {
  const line = {
    'add_subdirectory()': `add_subdirectory(${repositoryRoot} sahpool)\n`,
    'FetchContent()':
      'include(FetchContent)\n' +
      'FetchContent_Declare(sahpool GIT_REPOSITORY nowhere)\n' +
      'FetchContent_MakeAvailable(sahpool)\n',
  }[way];
  const source = readmeProject('readme', line, (lines) => lines.replace(/^find_package.*\n/, ''));
  const override = `-DFETCHCONTENT_SOURCE_DIR_SAHPOOL=${repositoryRoot}`;
  return build(source, [`-DCMAKE_CXX_COMPILER=${compiler}`, override]);
}

/** The notebook for a worker; with 'threads' its main function is on one. */
export async function webNotes(kind) {
  const libraryBuild = join(repositoryRoot, emscriptenBuilds[kind]);
  const options = [
    // One of the two as it is published, whose optimization takes long; the other not.
    `-DCMAKE_BUILD_TYPE=${kind === 'plain' ? 'Release' : ''}`,
    await install(libraryBuild),
    `-DSQLITE_SOURCE_DIR=${amalgamation}`,
    `-DSQLITE_LIBRARY=${libraryBuild}/libsqlite3_amalgamation.a`,
    `-DNOTES_PTHREADS=${kind === 'threads' ? 'ON' : 'OFF'}`,
  ];
  return build(copyOfNotes(`notes-${kind}`), options, { emscripten: true });
}

/** Programs for a worker: the README's, two that wait, of which one can, and one of the tests. */
export async function webReadme() {
  const libraryBuild = join(repositoryRoot, emscriptenBuilds.plain);
  const targets =
    'add_library(sqlite3 STATIC IMPORTED)\n' +
    `set_target_properties(sqlite3 PROPERTIES IMPORTED_LOCATION ${libraryBuild}/libsqlite3_amalgamation.a\n` +
    `  INTERFACE_INCLUDE_DIRECTORIES ${amalgamation})\n`;
  const waiting = join(repositoryRoot, 'examples/notes/waiting.cc');
  const programs = {
    waiting,
    refused: waiting,
    browser_api: join(repositoryRoot, 'tests/library/browser_api.cc'),
  };
  const others = Object.entries(programs)
    .map(
      ([name, file]) =>
        `add_executable(${name} ${file})\n` +
        `target_link_libraries(${name} PRIVATE sahpool::sahpool sqlite3)\n` +
        `target_link_options(${name} PRIVATE -sALLOW_MEMORY_GROWTH=1)\n`,
    )
    .join('');
  const asyncify = 'target_link_options(waiting PRIVATE -O1 -sASYNCIFY=1)\n';
  const source = readmeProject('programs', targets, (lines) => lines + others + asyncify);
  return build(source, [await install(libraryBuild)], { emscripten: true });
}

const indexSource = `<!doctype html>
<meta charset="utf-8" />
<title>Programs</title>
<link rel="icon" href="data:," />
`;

/** Puts a page and the worker that runs programs beside what was built. */
export function addPage(directory) {
  writeFileSync(join(directory, 'index.html'), indexSource);
  cpSync(join(repositoryRoot, 'examples/notes/worker.js'), join(directory, 'worker.js'));
  return directory;
}
