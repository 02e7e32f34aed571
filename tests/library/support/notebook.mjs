// What the notebook (examples/notes) prints.

/** The lines of its run with that number, counted from 1; without SQLite's version. */
export function notesOfRun(run) {
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
export function splitVersion([first, ...rest]) {
  return { version: /^SQLite (\S+)$/.exec(first)?.[1], rest };
}
