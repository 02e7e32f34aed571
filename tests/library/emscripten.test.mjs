// Programs that use the library as their authors do, compiled by Emscripten and run in the workers of
// both browsers. SAHPOOL_EMSCRIPTEN: see tools/emscripten-newer.sh.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { describeInBrowsers } from '../browser/support/in-browsers.mjs';
import { startServer } from '../browser/support/server.mjs';
import {
  installEmscripten,
  newer,
  wasm64Refusal,
  webNotes,
  webPrograms,
} from './support/emscripten-projects.mjs';
import { notesOfRun, splitVersion } from './support/notebook.mjs';
import { refusal } from './support/projects.mjs';
import { run, runOnThread } from './support/run-program.mjs';

let found;
const built = {};
const servers = {};

before(
  async () => {
    found = await installEmscripten();
    built.plain = await webNotes('plain', found);
    built.threads = await webNotes('threads', found);
    built.programs = await webPrograms(found);
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
    it(`the notebook${kind === 'threads' ? ' with main() on a thread' : ''}`, async (test) => {
      let page = await open(session, kind);
      const runNotes = () =>
        kind === 'threads'
          ? runOnThread(session, page, 'notes.js', 'end', { say: (text) => test.diagnostic(text) })
          : run(page, 'notes.js', 'end');
      for (const number of [1, 2, 3]) {
        const { version, rest } = splitVersion(await runNotes());
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
    const page = await open(session, 'programs');
    assert.deepEqual(await run(page, 'app.js', 'notes'), ['notes written: 1']);
  });
}

function api(session) {
  it('every function of the C++ API, after Closure Compiler', async () => {
    const page = await open(session, 'programs');
    assert.deepEqual(await run(page, 'browser_api.js', ''), ['end']);
  });

  it("every function of the C++ API in a module, with all of Emscripten's checks", async () => {
    const page = await open(session, 'programs');
    assert.deepEqual(await run(page, 'checked_api.mjs', ''), ['end']);
  });
}

async function checkWaiting(session, program) {
  const page = await open(session, 'programs');
  const lines = await run(page, program, 'end');
  assert.deepEqual(lines, ['waited: ok', 'slots: 7', 'removed: 1', 'end']);
}

function waiting(session) {
  it('a program that waits, with Asyncify', () => checkWaiting(session, 'waiting.js'));

  // Emscripten 3.1.6 has no -sJSPI: such programs can't be built with it.
  if (newer) {
    it('a program that waits, with JSPI', async (test) => {
      const page = await open(session, 'programs');
      const has = await page.evaluate(() => 'Suspending' in WebAssembly);
      if (session.browserName === 'chromium') assert.ok(has);
      else if (!has) return test.skip('this browser has no JSPI');
      await checkWaiting(session, 'suspending.js');
      const [line] = await run(await open(session, 'programs'), 'suspending_callback.js', 'waited');
      assert.match(line, /^waited: can't block for the event loop: .* no callback or coroutine$/);
    });
  }

  it('a program that waits without Asyncify is told why it can not', async () => {
    const page = await open(session, 'programs');
    const [line] = await run(page, 'refused.js', 'waited');
    assert.match(line, /^waited: can't block for the event loop: that takes a build with Asyncify/);
  });
}

// What run() and runOnThread() make of programs that hang.
function hanging(session) {
  it('a program that does not end is told with what it has printed', async () => {
    const page = await open(session, 'programs');
    await run(page, 'app.js', 'notes');
    await assert.rejects(run(page, 'app.js', 'no such line', { deadline: 1 }), {
      message: 'no answer of the page within 1 ms\nnotes written: 1',
    });
  });

  it('a program whose thread does not come up fails, in Firefox after three attempts', async () => {
    const page = await open(session, 'threads');
    const said = [];
    const options = { threadWithin: 100, say: (text) => said.push(text) };
    await assert.rejects(runOnThread(session, page, 'no-thread.js', 'end', options), {
      message: 'the thread of no-thread.js has not come up',
    });
    assert.equal(said.length, session.browserName === 'firefox' ? 3 : 1);
  });

  it('a program that hangs once its thread is up fails', async (test) => {
    const page = await open(session, 'threads');
    const options = { threadWithin: 4000, deadline: 5000, say: (text) => test.diagnostic(text) };
    await assert.rejects(runOnThread(session, page, 'endless-thread.js', 'end', options), {
      message: 'no answer of the page within 5000 ms\nup',
    });
  });
}

describe('a program that is not for this library', () => {
  it('for wasm64 is told so, by CMake and by the compiler', async () => {
    const said = await refusal(found, 'set(EMSCRIPTEN 1)\nset(CMAKE_SIZEOF_VOID_P 8)');
    assert.match(said, /for Emscripten and wasm32 alone, without -sMEMORY64/);
    assert.match(await wasm64Refusal(), /sahpool is for wasm32 alone: build without -sMEMORY64/);
  });

  it('for this machine is told so by CMake', async () => {
    const said = await refusal(found, 'set(CMAKE_SIZEOF_VOID_P 8)');
    assert.match(said, /for Emscripten and wasm32 alone/);
  });
});

describeInBrowsers({ notes, readme, api, waiting, hanging });
