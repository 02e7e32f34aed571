// Who gets the pool when several want it at once, after a reload, and after a crash.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const itemCount = 300;
const complete = { rows: itemCount, sum: 67_725, integrity: 'ok' };

/** Runs in the worker: makes a pool with one database and gives it back. */
async function makePool({ sqlite3, tools }, { directory, itemCount }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb('items.db');
  tools.fillItems(db, itemCount);
  db.close();
  pool.pauseVfs();
}

/** Runs in the worker: takes the pool, keeps it, and says what is in it. */
async function takePool({ sqlite3, tools, kept }, { directory, options }) {
  kept.pool = await tools.installPool(sqlite3, directory, options);
  const db = new kept.pool.OpfsSAHPoolDb('items.db');
  const seen = tools.summary(db);
  db.close();
  return seen;
}

/** Which of `starts` got the pool; checks that the other was told that it is in use. */
function onlyWinner(starts) {
  const winners = starts.filter(({ status }) => status === 'fulfilled');
  assert.equal(winners.length, 1, starts.map(({ reason }) => reason?.stack).join('\n'));
  assert.deepEqual(winners[0].value, complete);
  const { reason } = starts.find(({ status }) => status === 'rejected');
  assert.ok(reason.classes?.includes('PoolBusyError'), reason.stack);
  assert.match(reason.message, /open in another tab or worker/);
  return starts.indexOf(winners[0]);
}

async function makePoolIn(session, directory) {
  const page = await session.openPage();
  const maker = await page.startWorker();
  await maker.evaluate(makePool, { directory, itemCount });
  await maker.terminate();
  return page;
}

export function start(session) {
  for (const place of ['two workers of one page', 'two tabs']) {
    it(`${place} start at once: one gets the pool, then the other`, async () => {
      const directory = `race-${place.replaceAll(' ', '-')}`;
      const page = await makePoolIn(session, directory);
      const otherPage = place === 'two tabs' ? await session.openPage() : page;
      const workers = await Promise.all([page.startWorker(), otherPage.startWorker()]);
      const options = { acquireTimeout: 500, forceReinitIfPreviouslyFailed: true };
      const take = (worker) => worker.evaluate(takePool, { directory, options });

      const winner = workers[onlyWinner(await Promise.allSettled(workers.map(take)))];
      const loser = workers.find((worker) => worker !== winner);
      await winner.evaluate(({ kept }) => {
        kept.pool.pauseVfs();
      });
      assert.deepEqual(await take(loser), complete);
      await assert.rejects(
        winner.evaluate(({ kept }) => kept.pool.unpauseVfs().then(() => null)),
        ({ classes }) => classes.includes('PoolBusyError'),
      );
      await loser.terminate();
      const unpaused = await winner.evaluate(async ({ kept, tools }) => {
        await kept.pool.unpauseVfs();
        return tools.summary(new kept.pool.OpfsSAHPoolDb('items.db'));
      });
      assert.deepEqual(unpaused, complete);
    });
  }

  it('a pool is taken back while another worker starts: one gets it', async () => {
    const directory = 'race-unpause';
    const page = await makePoolIn(session, directory);
    const [owner, rival] = await Promise.all([page.startWorker(), page.startWorker()]);
    const options = { acquireTimeout: 300, forceReinitIfPreviouslyFailed: true };
    await owner.evaluate(takePool, { directory, options });
    for (let round = 1; round <= 5; ++round) {
      // Now and then the one is earlier, now and then the other.
      const delays = [(round * 3) % 7, (round * 5) % 7];
      const takes = [owner, rival].map((worker, index) =>
        worker.evaluate(
          async ({ sqlite3, tools, kept }, { directory, options, milliseconds }) => {
            kept.pool?.pauseVfs();
            await new Promise((resolve) => setTimeout(resolve, 50 + milliseconds));
            kept.pool ??= await tools.installPool(sqlite3, directory, options);
            await kept.pool.unpauseVfs();
            const db = new kept.pool.OpfsSAHPoolDb('items.db');
            const seen = tools.summary(db);
            db.close();
            return seen;
          },
          { directory, options, milliseconds: delays[index] },
        ),
      );
      onlyWinner(await Promise.allSettled(takes));
    }
  });

  it('overlapping calls in one worker each have their defined result', async () => {
    const worker = await session.startWorker();
    const seen = await worker.evaluate(
      async ({ sqlite3, tools }, { directory, itemCount }) => {
        const outcome = async (call) => {
          const error = await tools.errorOf(call);
          return error ? [error.name, error.resultCode] : 'done';
        };
        const pool = await tools.installPool(sqlite3, directory, { autoGrow: 3 });
        const db = new pool.OpfsSAHPoolDb('items.db');
        tools.fillItems(db, itemCount);
        const image = pool.exportFile('items.db');
        const results = {};

        // Four imports need slots that only grow in the background meanwhile.
        let end;
        const pieces = [image, new Promise((resolve) => (end = resolve))];
        const importing = outcome(() => pool.importDb('imported.db', () => pieces.shift()));
        for (const name of ['1.db', '2.db', '3.db']) pool.importDb(name, image);
        const adding = outcome(() => pool.addCapacity(2));
        results.pauseBesideGrowth = await outcome(() => pool.pauseVfs());
        results.unlinkOpen = await outcome(() => pool.unlink('items.db'));
        results.unlinkImporting = pool.unlink('imported.db');
        db.close();
        results.removeBesideImport = await outcome(() => pool.removeVfs());
        end();
        results.import = await importing;
        results.add = await adding;
        results.names = pool.getFileNames().sort();

        const removing = outcome(() => pool.removeVfs());
        results.importBesideRemoval = await outcome(async () => {
          await null;
          await null;
          pool.importDb('late.db', image);
        });
        const again = tools.installPool(sqlite3, directory, { initialCapacity: 2 });
        results.remove = await removing;
        results.filesOfNewPool = (await again).getFileNames();
        results.slotsOfNewPool = (await tools.slotNames(directory)).length;
        return results;
      },
      { directory: 'overlapping', itemCount },
    );
    const misuse = ['SQLite3Error', 21];
    const busy = ['SQLite3Error', 5];
    assert.deepEqual(seen, {
      pauseBesideGrowth: misuse,
      unlinkOpen: busy,
      unlinkImporting: false,
      removeBesideImport: busy,
      import: 'done',
      add: 'done',
      names: ['/1.db', '/2.db', '/3.db', '/imported.db', '/items.db'],
      importBesideRemoval: misuse,
      remove: 'done',
      filesOfNewPool: [],
      slotsOfNewPool: 2,
    });
  });

  it('two workers make the same new pool at once and lose nothing', async () => {
    const page = await session.openPage();
    const workers = await Promise.all([page.startWorker(), page.startWorker()]);
    const input = { directory: 'race-new', itemCount };
    // Each gives the pool back when done, so with the default deadline both get it in turn.
    const makers = await Promise.allSettled(
      workers.map((worker, index) =>
        worker.evaluate(
          async ({ sqlite3, tools }, { directory, itemCount, index }) => {
            const pool = await tools.installPool(sqlite3, directory);
            const db = new pool.OpfsSAHPoolDb(`made-${index}.db`);
            tools.fillItems(db, itemCount);
            db.close();
            pool.pauseVfs();
          },
          { ...input, index },
        ),
      ),
    );
    for (const { status, reason } of makers) assert.equal(status, 'fulfilled', reason?.stack);
    const checker = await page.startWorker();
    const seen = await checker.evaluate(async ({ sqlite3, tools }, { directory }) => {
      const pool = await tools.installPool(sqlite3, directory);
      const summaries = pool
        .getFileNames()
        .sort()
        .map((name) => [name, tools.summary(new pool.OpfsSAHPoolDb(name))]);
      return { summaries, capacity: pool.getCapacity() };
    }, input);
    assert.deepEqual(seen, {
      summaries: [
        ['/made-0.db', complete],
        ['/made-1.db', complete],
      ],
      capacity: 6,
    });
  });

  it('ten reloads in a row: the pool starts after each', async () => {
    const directory = 'reloads';
    const page = await makePoolIn(session, directory);
    for (let reload = 1; reload <= 10; ++reload) {
      const worker = await page.startWorker();
      const seen = await worker.evaluate(takePool, { directory, options: {} });
      assert.deepEqual(seen, complete, `before reload ${reload}`);
      await page.reload();
    }
  });

  it('a page that is kept to be gone back to gives its pool to the next one', async () => {
    const directory = 'gone-back-to';
    const page = await makePoolIn(session, directory);
    const take = async () =>
      (await page.startWorker()).evaluate(takePool, { directory, options: {} });
    assert.deepEqual(await take(), complete);
    await page.goto(`${session.pageUrl}?next`);
    assert.deepEqual(await take(), complete);
    await page.goBack();
    assert.deepEqual(await take(), complete);
  });

  it('reloads while the start is still under way: the last one gets the pool', async () => {
    const directory = 'reload-storm';
    const page = await makePoolIn(session, directory);
    for (let reload = 1; reload <= 12; ++reload) {
      const worker = await page.startWorker();
      // Its answer never comes; the reload follows after 0 to 24 ms.
      void worker.evaluate(takePool, { directory, options: {} }).catch(() => undefined);
      await delay((reload * 7) % 25);
      await page.reload();
    }
    const worker = await page.startWorker();
    assert.deepEqual(await worker.evaluate(takePool, { directory, options: {} }), complete);
    const capacity = await worker.evaluate(({ kept }) => kept.pool.getCapacity());
    assert.equal(capacity, 6);
  });

  it('a killed browser leaves every committed row', async () => {
    const directory = 'killed';
    const worker = await session.startWorker();
    const committed = await worker.evaluate(
      async ({ sqlite3, tools, kept }, { directory, itemCount }) => {
        const pool = await tools.installPool(sqlite3, directory);
        kept.db = new pool.OpfsSAHPoolDb('items.db');
        tools.fillItems(kept.db, itemCount);
        kept.db.exec("BEGIN; INSERT INTO item(name, qty) VALUES('uncommitted', 1)");
        return pool.getFileCount();
      },
      { directory, itemCount },
    );
    assert.ok(committed >= 1);
    await session.crashAndRestart();
    const restarted = await session.startWorker();
    assert.deepEqual(await restarted.evaluate(takePool, { directory, options: {} }), complete);
  });
}
