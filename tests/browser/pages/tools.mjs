// What the functions of the tests share in the worker: raw slots, and short ways to ask a database.

const headerSize = 4096;

/** The directory at `path` ("a/b/c") of the origin's file system. */
export async function opfsDirectory(path, { create = false } = {}) {
  let directory = await navigator.storage.getDirectory();
  for (const part of path.split('/').filter(Boolean)) {
    directory = await directory.getDirectoryHandle(part, { create });
  }
  return directory;
}

/** Opens the slot file `name` of a pool that nobody holds, for `work(handle)`. */
async function withSlot(slots, name, work) {
  const file = await slots.getFileHandle(name, { create: true });
  const handle = await file.createSyncAccessHandle();
  try {
    return work(handle);
  } finally {
    handle.close();
  }
}

/** Puts slot files into the pool directory `path`; `slots` maps names to base64. */
export async function writeSlots(path, slots) {
  const directory = await opfsDirectory(`${path}/.opaque`, { create: true });
  for (const [name, base64] of Object.entries(slots)) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    await withSlot(directory, name, (handle) => {
      if (handle.write(bytes, { at: 0 }) !== bytes.length) throw new Error('short write');
      handle.flush();
    });
  }
}

/** The names of a pool's slot files, whoever holds them. */
export async function slotNames(path) {
  const names = [];
  const directory = await opfsDirectory(`${path}/.opaque`);
  for await (const name of directory.keys()) names.push(name);
  return names;
}

/** The slots of a pool that nobody holds: slot file name, stored path ("": free), bytes of content. */
export async function readSlots(path) {
  const directory = await opfsDirectory(`${path}/.opaque`);
  const slots = [];
  for await (const [name] of directory.entries()) {
    slots.push(
      await withSlot(directory, name, (handle) => {
        const header = new Uint8Array(512);
        handle.read(header, { at: 0 });
        const end = header.indexOf(0);
        const stored = new TextDecoder().decode(header.slice(0, end));
        return { name, path: stored, size: Math.max(0, handle.getSize() - headerSize) };
      }),
    );
  }
  return slots;
}

/** Calls `work(content)` on the raw bytes of the file `stored` of a pool that nobody holds. */
export async function withRawFile(path, stored, work) {
  const slot = (await readSlots(path)).find((candidate) => candidate.path === stored);
  if (!slot) throw new Error(`no slot of ${path} holds ${stored}`);
  const directory = await opfsDirectory(`${path}/.opaque`);
  return withSlot(directory, slot.name, (handle) =>
    work({
      size: () => handle.getSize() - headerSize,
      truncate: (size) => handle.truncate(size + headerSize),
      write: (bytes, at) => handle.write(bytes, { at: at + headerSize }),
      read(at, count) {
        const bytes = new Uint8Array(count);
        return bytes.slice(0, handle.read(bytes, { at: at + headerSize }));
      },
    }),
  );
}

/** Whether `text` occurs in the raw bytes of the file `stored` of a pool that nobody holds. */
export function rawFileContains(path, stored, text) {
  const wanted = new TextEncoder().encode(text);
  return withRawFile(path, stored, (content) => {
    const bytes = content.read(0, content.size());
    for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
      if (wanted.every((byte, index) => bytes[at + index] === byte)) return true;
    }
    return false;
  });
}

/** Installs a pool the way an application does, quietly, and opens nothing. */
export function installPool(sqlite3, directory, options = {}) {
  return sqlite3.installOpfsSAHPoolVfs({
    name: directory,
    directory,
    initialCapacity: 6,
    verbosity: 1,
    ...options,
  });
}

/** All rows of a query. */
export function rows(db, sql, bind) {
  return db.exec({ sql, bind, rowMode: 'object', returnValue: 'resultRows' });
}

/** Runs `work` and returns the error that it throws, as plain data; null when it throws none. */
export async function errorOf(work) {
  try {
    await work();
    return null;
  } catch ({ name, message, resultCode = null }) {
    return { name, message, resultCode };
  }
}

/** A database of `count` rows in the shape of the fixtures, with text that is wide enough to spill. */
export function fillItems(db, count, marker = 'item') {
  db.exec('CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, qty REAL)');
  db.transaction(() => {
    const statement = db.prepare('INSERT INTO item VALUES(?, ?, ?)');
    try {
      for (let id = 1; id <= count; ++id) {
        statement.bind([id, `${marker} ${id} ${'.'.repeat(200)}`, id * 1.5]).stepReset();
      }
    } finally {
      statement.finalize();
    }
  });
}

/** What the tests compare of a database with a table `item`. */
export function summary(db) {
  const [{ rows: count, sum }] = rows(db, 'SELECT count(*) AS rows, sum(qty) AS sum FROM item');
  return { rows: count, sum, integrity: db.selectValue('PRAGMA integrity_check') };
}
