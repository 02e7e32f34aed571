// Projects outside the source tree that use the library, in temporary directories.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../browser/support/commands.mjs';
import { repositoryRoot, temporaryDirectory } from '../../browser/support/files.mjs';

/** Compiling takes a while on a machine that is busy with other things. */
const compileTimeout = 400_000;

/** Runs a command in `directory`; `prefix` are words before it. */
export function run(words, directory, prefix = [], options = {}) {
  const [command, ...rest] = [...prefix, ...words];
  return runCommand(command, rest, directory, options);
}

export function compile(directory, prefix = []) {
  return run(['cmake', '--build', directory], directory, prefix, { timeout: compileTimeout });
}

/** Configures and builds the project in `source`; gives the directory of what was built. */
export async function build(source, options, { prefix = [], wrapper = [] } = {}) {
  const directory = join(source, 'build');
  const configure = ['cmake', '-S', source, '-B', directory, '-G', 'Ninja', ...options];
  await run([...wrapper, ...configure], source, prefix);
  await compile(directory, prefix);
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
export function readmeProject(purpose, before, change = (lines) => lines) {
  const source = temporaryDirectory(purpose);
  const head = 'cmake_minimum_required(VERSION 3.25)\nproject(app C CXX)\n';
  writeFileSync(join(source, 'CMakeLists.txt'), head + before + change(readmeBlock('cmake')));
  writeFileSync(join(source, 'app.cc'), readmeBlock('cpp'));
  return source;
}

/** Installs a build of the library where nothing else is; gives the option that finds it. */
export async function install(build, prefix = []) {
  const target = temporaryDirectory('prefix');
  await run(['cmake', '--install', build, '--prefix', target], repositoryRoot, prefix);
  return `-Dsahpool_DIR=${target}/lib/cmake/sahpool`;
}

/**
 * What find_package() says to a project whose toolchain has set those variables and that is pointed
 * to an installed copy which is not for it.
 */
export async function refusal(found, variables) {
  const source = temporaryDirectory('refused');
  writeFileSync(
    join(source, 'CMakeLists.txt'),
    `cmake_minimum_required(VERSION 3.25)\nproject(refused NONE)\n${variables}\nfind_package(sahpool)\n`,
  );
  const words = ['cmake', '-S', source, '-B', join(source, 'build'), found];
  const output = await run(['sh', '-c', '"$@" 2>&1', '-', ...words], source);
  return output.replace(/\s+/g, ' ');
}

export function copyOfNotes(purpose) {
  const source = temporaryDirectory(purpose);
  cpSync(join(repositoryRoot, 'examples/notes'), source, { recursive: true });
  return source;
}
