// Who takes part, and with which settings. Read by the runner in Node.js and by the workers.

/**
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} label
 * @property {'ours' | 'before' | 'official' | 'peer' | 'limit'} side who it belongs to; `before` is
 *     ours as it was before a change, and takes part with --before only; `limit` is no contender but
 *     what the others are measured against
 * @property {string} engine the module in engines/ that drives it
 * @property {'delete' | 'wal' | 'own' | 'none'} journal how it makes transactions; `own`: a log that
 *     SQLite doesn't know of
 * @property {'full' | 'normal' | 'none'} durability full: a commit that returned has been flushed;
 *     normal: it survives a crash of the browser, and the last ones may be lost with the power
 * @property {boolean} [exclusive] runs with locking_mode=exclusive, and so on one connection only
 * @property {number} [connections] how many connections it can have on one database; 2 by default
 * @property {string[]} [browsers] where it runs, everywhere by default
 * @property {number} [maxRounds] in how many rounds it takes part, where all would take too long
 * @property {boolean} [inSizes] whether --sizes includes it unless told otherwise
 */

/** @type {Contender[]} */
export const contenders = [
  {
    id: 'ours-delete',
    label: 'sahpool, delete, FULL',
    side: 'ours',
    engine: 'sahpool',
    journal: 'delete',
    durability: 'full',
    inSizes: true,
  },
  {
    id: 'ours-wal',
    label: 'sahpool, WAL, FULL',
    side: 'ours',
    engine: 'sahpool',
    journal: 'wal',
    durability: 'full',
    inSizes: true,
  },
  {
    id: 'ours-wal-normal',
    label: 'sahpool, WAL, NORMAL',
    side: 'ours',
    engine: 'sahpool',
    journal: 'wal',
    durability: 'normal',
  },
  {
    id: 'ours-wal-exclusive',
    label: 'sahpool, WAL exclusive, FULL',
    side: 'ours',
    engine: 'sahpool',
    journal: 'wal',
    durability: 'full',
    exclusive: true,
  },
  {
    id: 'before-delete',
    label: 'sahpool before, delete, FULL',
    side: 'before',
    engine: 'sahpool-before',
    journal: 'delete',
    durability: 'full',
    inSizes: true,
  },
  {
    id: 'before-wal',
    label: 'sahpool before, WAL, FULL',
    side: 'before',
    engine: 'sahpool-before',
    journal: 'wal',
    durability: 'full',
    inSizes: true,
  },
  {
    id: 'official-delete',
    label: 'official opfs-sahpool, delete, FULL (its defaults)',
    side: 'official',
    engine: 'official-pool',
    journal: 'delete',
    durability: 'full',
    inSizes: true,
  },
  {
    id: 'official-wal',
    label: 'official opfs-sahpool, WAL exclusive, FULL',
    side: 'official',
    engine: 'official-pool',
    journal: 'wal',
    durability: 'full',
    exclusive: true,
    inSizes: true,
  },
  {
    id: 'official-wal-normal',
    label: 'official opfs-sahpool, WAL exclusive, NORMAL',
    side: 'official',
    engine: 'official-pool',
    journal: 'wal',
    durability: 'normal',
    exclusive: true,
  },
  {
    id: 'official-opfs',
    label: 'official opfs, delete, FULL',
    side: 'official',
    engine: 'official-opfs',
    journal: 'delete',
    durability: 'full',
    maxRounds: 3,
  },
  {
    id: 'wa-pool-delete',
    label: 'wa-sqlite AccessHandlePoolVFS, delete, FULL',
    side: 'peer',
    engine: 'wa-pool',
    journal: 'delete',
    durability: 'full',
    connections: 1,
  },
  {
    id: 'wa-pool-wal',
    label: 'wa-sqlite AccessHandlePoolVFS, WAL exclusive, FULL',
    side: 'peer',
    engine: 'wa-pool',
    journal: 'wal',
    durability: 'full',
    exclusive: true,
  },
  {
    id: 'wa-pool-wal-normal',
    label: 'wa-sqlite AccessHandlePoolVFS, WAL exclusive, NORMAL',
    side: 'peer',
    engine: 'wa-pool',
    journal: 'wal',
    durability: 'normal',
    exclusive: true,
  },
  {
    id: 'wa-coop',
    label: 'wa-sqlite OPFSCoopSyncVFS, delete, FULL',
    side: 'peer',
    engine: 'wa-coop',
    journal: 'delete',
    durability: 'full',
    connections: 1,
    inSizes: true,
  },
  {
    id: 'wa-ahead',
    label: 'wa-sqlite OPFSWriteAheadVFS, FULL',
    side: 'peer',
    engine: 'wa-ahead',
    journal: 'own',
    durability: 'full',
    browsers: ['chromium'],
    inSizes: true,
  },
  {
    id: 'wa-ahead-normal',
    label: 'wa-sqlite OPFSWriteAheadVFS, NORMAL',
    side: 'peer',
    engine: 'wa-ahead',
    journal: 'own',
    durability: 'normal',
    browsers: ['chromium'],
  },
  {
    id: 'raw',
    label: 'raw handle, one flush where FULL needs it',
    side: 'limit',
    engine: 'raw',
    journal: 'none',
    durability: 'full',
  },
  {
    id: 'raw-normal',
    label: 'raw handle, no flush',
    side: 'limit',
    engine: 'raw',
    journal: 'none',
    durability: 'normal',
  },
  {
    id: 'memory',
    label: "SQLite's own work, database in memory",
    side: 'limit',
    engine: 'memory',
    journal: 'none',
    durability: 'none',
  },
];

export function findContender(id) {
  const contender = contenders.find((candidate) => candidate.id === id);
  if (!contender) throw new Error(`there is no contender '${id}'`);
  return contender;
}
