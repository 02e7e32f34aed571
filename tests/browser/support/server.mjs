// The project's development server, started on a free port of this machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startServerCommand } from './commands.mjs';
import { repositoryRoot } from './files.mjs';

/** The path of a program of the native build (SAHPOOL_NATIVE_BUILD: another build directory). */
function nativeProgram(path) {
  const build = process.env.SAHPOOL_NATIVE_BUILD ?? join(repositoryRoot, 'build/native');
  const program = join(build, path);
  if (!existsSync(program)) throw new Error(`${program} has not been built`);
  return program;
}

/**
 * Serves `directory` on a free port, with the headers that isolate its pages or without.
 * @returns {Promise<{origin: string, close: () => Promise<void>}>}
 */
export async function startServer(directory = repositoryRoot, { isolation = true } = {}) {
  const words = ['--port', '0', ...(isolation ? [] : ['--no-isolation']), directory];
  return startServerCommand(nativeProgram('bin/sahpool-serve'), words);
}
