// The projects that are compiled for this machine.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../browser/support/files.mjs';
import { build, compile, copyOfNotes, install, readmeProject, run } from './projects.mjs';

const gcc = '-DCMAKE_CXX_COMPILER=g++-12';

/** An installed copy of what GCC has built, with the system's SQLite; gives the option that finds it. */
export async function installNative() {
  const libraryBuild = join(repositoryRoot, 'build/gcc');
  const options = ['-DSAHPOOL_BUILD_TESTS=OFF', '-DSAHPOOL_BUILD_TOOLS=OFF'];
  const sqlite = '-DSAHPOOL_SQLITE_DIR=/usr/include';
  const configure = ['cmake', '-S', repositoryRoot, '-B', libraryBuild, '-G', 'Ninja'];
  mkdirSync(libraryBuild, { recursive: true });
  await run([...configure, gcc, sqlite, ...options], libraryBuild);
  await compile(libraryBuild);
  return install(libraryBuild);
}

/** The notebook by find_package() of `found`. */
export function nativeNotes(found) {
  return build(copyOfNotes('notes'), [gcc, found]);
}

const withoutFindPackage = (lines) => lines.replace(/^find_package.*\n/, '');

/** The README's example over the source tree by add_subdirectory(), with the system's SQLite. */
export function nativeReadme() {
  const line = `add_subdirectory(${repositoryRoot} sahpool)\n`;
  const source = readmeProject('readme', line, withoutFindPackage);
  return build(source, ['-DCMAKE_CXX_COMPILER=clang++-19']);
}

/** The same by FetchContent(), and the library in an extension for other SQLites, libloadable.so. */
export function nativeLoadable() {
  const source = readmeProject(
    'loadable',
    'set(CMAKE_POSITION_INDEPENDENT_CODE ON)\n' +
      'include(FetchContent)\n' +
      'FetchContent_Declare(sahpool GIT_REPOSITORY nowhere)\n' +
      'FetchContent_MakeAvailable(sahpool)\n',
    (lines) =>
      withoutFindPackage(lines) +
      `add_library(loadable MODULE ${join(repositoryRoot, 'tests/library/loadable.c')})\n` +
      'target_compile_options(loadable PRIVATE -fvisibility=hidden)\n' +
      'target_link_libraries(loadable PRIVATE sahpool::sahpool)\n',
  );
  return build(source, [gcc, `-DFETCHCONTENT_SOURCE_DIR_SAHPOOL=${repositoryRoot}`]);
}
