// Runs what the user typed, within bounds: the worker can do nothing else meanwhile.

const SHOWN_ROWS = 200;
const TIME_LIMIT_MS = 20_000;
/** How many steps of SQLite's virtual machine pass between two looks at the clock. */
const STEPS_BETWEEN_CHECKS = 10_000;

/**
 * Runs all statements of `sql`. The rows are those of the first statement that gives any; of many,
 * the first ones are kept and all are counted.
 */
export function runQuery(sqlite3, db, sql) {
  const columns = [];
  const rows = [];
  let rowCount = 0;
  const changesBefore = db.changes(true);
  const start = performance.now();
  withTimeLimit(sqlite3, db, start + TIME_LIMIT_MS, () =>
    db.exec({
      sql,
      columnNames: columns,
      rowMode: 'stmt',
      callback: (statement) => {
        rowCount += 1;
        if (rowCount <= SHOWN_ROWS) rows.push(statement.get([]));
      },
    }),
  );
  const milliseconds = performance.now() - start;
  return { columns, rows, rowCount, changes: db.changes(true) - changesBefore, milliseconds };
}

function withTimeLimit(sqlite3, db, deadline, run) {
  const { sqlite3_progress_handler: setProgressHandler } = sqlite3.capi;
  let expired = false;
  const check = () => {
    expired = performance.now() > deadline;
    return expired ? 1 : 0;
  };
  setProgressHandler(db, STEPS_BETWEEN_CHECKS, check, 0);
  try {
    run();
  } catch (error) {
    if (!expired) throw error;
    throw new Error(`Stopped after ${TIME_LIMIT_MS / 1000} seconds.`, { cause: error });
  } finally {
    setProgressHandler(db, 0, 0, 0);
  }
}
