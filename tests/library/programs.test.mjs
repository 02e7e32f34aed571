// Programs that use the library as their authors do: projects outside the source tree, compiled by GCC,
// Clang and Emscripten, run natively and in the workers of both browsers.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../browser/support/commands.mjs';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { describeInBrowsers } from '../browser/support/in-browsers.mjs';
import { startServer } from '../browser/support/server.mjs';
import { addPage, nativeNotes, nativeReadme, webNotes, webReadme } from './support/projects.mjs';

/** What the notebook prints in its run with that number, counted from 1; without SQLite's version. */
function notesOfRun(run) {
  const migrations = ['migrating to version 1', 'migrating to version 2'];
  return [
    ...(run === 1 ? migrations : []),
    `notes: ${2 * run}`,
    `about lemons: ${2 * run}`,
    `about trees: ${run}`,
    'slots: 8',
    'end',
  ];
}

/** SQLite's version, which is the first line, and the rest. */
function splitVersion([first, ...rest]) {
  return { version: /^SQLite (\S+)$/.exec(first)?.[1], rest };
}

describe('natively', () => {
  it('the notebook by find_package(), with GCC 12 and the SQLite of the system', async () => {
    const directory = await nativeNotes();
    const pool = join(temporaryDirectory('pool'), 'notes');
    const system = (await runCommand('pkg-config', ['--modversion', 'sqlite3'])).trim();
    for (const run of [1, 2]) {
      const output = await runCommand(join(directory, 'notes'), [pool]);
      const { version, rest } = splitVersion(output.trim().split('\n'));
      assert.equal(version, system);
      assert.deepEqual(rest, notesOfRun(run));
    }
  });

  for (const [way, compiler] of [
    ['add_subdirectory()', 'clang++-19'],
    ['FetchContent()', 'g++-12'],
  ]) {
    it(`the README's example by ${way}, with ${compiler}`, async () => {
      const program = join(await nativeReadme(way, compiler), 'app');
      const output = await runCommand(program, [], temporaryDirectory('readme-run'));
      assert.equal(output, 'notes written: 1\n');
    });
  }
});

/** What `program` prints in a worker of its own, until it prints `last`. */
function run(page, program, last) {
  return page.evaluate(
    ({ program, last }) =>
      new Promise((resolve, reject) => {
        const lines = [];
        const worker = new Worker(`worker.js?program=${program}`);
        worker.onerror = ({ message }) => reject(new Error([message, ...lines].join('\n')));
        worker.onmessage = ({ data }) => {
          lines.push(data);
          if (!data.startsWith(last)) return;
          worker.terminate();
          resolve(lines);
        };
      }),
    { program, last },
  );
}

const built = {};
const servers = {};

before(
  async () => {
    built.plain = addPage(await webNotes('plain'));
    built.threads = addPage(await webNotes('threads'));
    built.readme = addPage(await webReadme());
    for (const [name, directory] of Object.entries(built)) {
      servers[name] = await startServer(directory);
    }
  },
  { timeout: 600_000 },
);
after(() => Promise.all(Object.values(servers).map((server) => server.close())));

const open = (session, name) => session.openUrl(`${servers[name].origin}/index.html`);

function notes(session) {
  for (const kind of ['plain', 'threads']) {
    it(`the notebook${kind === 'threads' ? ' with main() on a thread' : ''}`, async () => {
      let page = await open(session, kind);
      for (const number of [1, 2, 3]) {
        const { version, rest } = splitVersion(await run(page, 'notes.js', 'end'));
        assert.match(version, /^3\.5/, 'the amalgamation is not the SQLite of the system');
        assert.deepEqual(rest, notesOfRun(number));
        if (number === 1) await page.reload();
        if (number !== 2) continue;
        await session.crashAndRestart();
        page = await open(session, kind);
      }
    });
  }
}

function readme(session) {
  it("the README's example", async () => {
    const page = await open(session, 'readme');
    assert.deepEqual(await run(page, 'app.js', 'notes'), ['notes written: 1']);
  });
}

function api(session) {
  it('every function of the C++ API', async () => {
    const page = await open(session, 'readme');
    assert.deepEqual(await run(page, 'browser_api.js', ''), ['end']);
  });
}

function waiting(session) {
  it('a program that waits, with Asyncify', async () => {
    const page = await open(session, 'readme');
    const lines = await run(page, 'waiting.js', 'end');
    assert.deepEqual(lines, ['waited: ok', 'slots: 7', 'removed: 1', 'end']);
  });

  it('a program that waits without Asyncify is told why it can not', async () => {
    const page = await open(session, 'readme');
    const [line] = await run(page, 'refused.js', 'waited');
    assert.match(line, /^waited: this build can't block .* lacks Asyncify and JSPI$/);
  });
}

describeInBrowsers({ notes, readme, api, waiting });
