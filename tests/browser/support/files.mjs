// Places on disk: the repository, and temporary directories that go away with the test process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './processes.mjs';

export const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));

const temporary = new Set();

/** Makes an empty directory, in the directory `parent`, that is removed when this process exits. */
export function temporaryDirectory(purpose, parent = tmpdir()) {
  const path = mkdtempSync(join(parent, `sahpool-${purpose}-`));
  temporary.add(path);
  return path;
}

/** Removes a directory of temporaryDirectory() before its time. */
export function removeTemporaryDirectory(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  temporary.delete(path);
}

// Registered after the handler of processes.mjs, so that nobody writes to them any more.
process.on('exit', () => {
  for (const path of [...temporary]) {
    try {
      removeTemporaryDirectory(path);
    } catch (error) {
      // Thrown from here, it would keep the process from ending.
      console.error(error);
    }
  }
});
