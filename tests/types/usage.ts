// The package's types as an application in TypeScript uses them. Compiled by types.test.mjs against
// each version of the official types; never run.

import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { attach, PoolBusyError, type PoolUtil, type Quarantine } from 'sahpool';
import { loadWaSqlite } from 'sahpool/wa-sqlite';

const official = await sqlite3InitModule();
const sqlite3 = await attach(official);
const attachedWhileLoading: typeof sqlite3 = await attach(sqlite3InitModule());

// The namespace is still what the official types say.
const same: typeof official = sqlite3;
const version: string = same.capi.sqlite3_libversion();

const poolUtil = await sqlite3.installOpfsSAHPoolVfs({
  name: 'my-app-storage',
  initialCapacity: 10,
  directory: 'my-app-data',
  autoGrow: 2,
  acquireTimeout: 500,
  journalMode: 'wal',
});
await sqlite3.installOpfsSAHPoolVfs();

// The util object is the official one, too, and more.
type OfficialUtil = Awaited<ReturnType<typeof official.installOpfsSAHPoolVfs>>;
const officialUtil: OfficialUtil = poolUtil;
const util: PoolUtil<InstanceType<typeof official.oo1.DB>> = poolUtil;

const db = new poolUtil.OpfsSAHPoolDb('/my-database.db');
const rows: number = db.exec('select 1', { returnValue: 'resultRows' }).length;
new sqlite3.oo1.DB('my-database.db', 'c', poolUtil.vfsName).close();
new util.OpfsSAHPoolDb({ filename: '/my-database.db', flags: 'c' }).close();

const capacity: number = poolUtil.getCapacity();
const size: number = poolUtil.importDb('/a.db', new Uint8Array(512));
const chunked: Promise<number> = poolUtil.importDb('/a.db', async () => undefined);
const bytes: Uint8Array<ArrayBuffer> = poolUtil.exportFile('/a.db');
const streamed: number = poolUtil.exportFile('/a.db', (piece: Uint8Array) => piece.length);
const quarantine: Quarantine = poolUtil.quarantine();
const removed: boolean = await poolUtil.removeVfs();

try {
  await poolUtil.pauseVfs().unpauseVfs();
} catch (error) {
  if (error instanceof PoolBusyError) console.log(error.directory);
}

// @ts-expect-error An option of the wrong type.
await sqlite3.installOpfsSAHPoolVfs({ name: 7 });
// @ts-expect-error A journal mode that is none of the two.
await sqlite3.installOpfsSAHPoolVfs({ journalMode: 'truncate' });

// The adapter gives back the factory's own type.
const wa = await loadWaSqlite(async () => ({ HEAPU8: new Uint8Array() }), { sqlite: 'wa.wasm' });
const heap: Uint8Array = wa.module.HEAPU8;
const waUtil = await wa.installOpfsSAHPoolVfs({ name: 'pool' });
const imported: number = waUtil.importDb('/a.db', heap);

export {
  imported,
  attachedWhileLoading,
  version,
  officialUtil,
  rows,
  capacity,
  size,
  chunked,
  bytes,
  streamed,
  quarantine,
  removed,
};
