// The database that tests of one pool begin with: "items.db" with 200 rows.

/** What tools.summary() says of it. */
export const complete = { rows: 200, sum: 30_150, integrity: 'ok' };

/** Runs in the worker: a pool with that database, both kept open. */
async function makeDatabase({ sqlite3, tools, kept }, { directory }) {
  kept.pool = await tools.installPool(sqlite3, directory);
  kept.db = new kept.pool.OpfsSAHPoolDb('items.db');
  tools.fillItems(kept.db, 200);
}

/**
 * Starts a worker that has the pool and the database open, as `kept.pool` and `kept.db`. Options as of
 * TestPage.startWorker().
 */
export async function startWithDatabase(session, directory, workerOptions) {
  const worker = await session.startWorker(workerOptions);
  await worker.evaluate(makeDatabase, { directory });
  return worker;
}

/** A page without workers; the pool is left by one that was ended with everything open. */
export async function leaveDatabase(session, directory, workerOptions) {
  const maker = await startWithDatabase(session, directory, workerOptions);
  await maker.terminate();
  return maker.testPage;
}
