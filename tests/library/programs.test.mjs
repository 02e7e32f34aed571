// Programs that use the library as their authors do, natively: projects outside the source tree,
// compiled by GCC and Clang.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCommand } from '../browser/support/commands.mjs';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { installNative, nativeNotes, nativeReadme } from './support/native-projects.mjs';
import { notesOfRun, splitVersion } from './support/notebook.mjs';
import { refusal } from './support/projects.mjs';

describe('natively', () => {
  it('the notebook by find_package(), with GCC 12 and the SQLite of the system', async () => {
    const found = await installNative();
    const directory = await nativeNotes(found);
    const pool = join(temporaryDirectory('pool'), 'notes');
    const system = (await runCommand('pkg-config', ['--modversion', 'sqlite3'])).trim();
    for (const run of [1, 2]) {
      const output = await runCommand(join(directory, 'notes'), [pool]);
      const { version, rest } = splitVersion(output.trim().split('\n'));
      assert.equal(version, system);
      assert.deepEqual(rest, notesOfRun(run));
    }

    const said = await refusal(found, 'set(EMSCRIPTEN 1)\nset(CMAKE_SIZEOF_VOID_P 8)');
    assert.match(said, /, for native programs with 8-byte pointers/);
  });

  it("the README's example by add_subdirectory(), with clang++-19", async () => {
    const program = join(await nativeReadme(), 'app');
    const output = await runCommand(program, [], temporaryDirectory('readme-run'));
    assert.equal(output, 'notes written: 1\n');
  });
});
