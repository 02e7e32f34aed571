// Databases that are plain files in OPFS: how they get in and out.

/** As much as our own exportFile() reads at a time: what is fastest in both browsers. */
export const exportedAtOnce = 4 << 20;

/** Writes a file of the origin's root directory from the pieces that `next()` gives. */
export async function importFile(name, next) {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(name, { create: true });
  const handle = await file.createSyncAccessHandle();
  try {
    handle.truncate(0);
    let at = 0;
    for (let piece; (piece = next()) !== undefined; at += piece.length) {
      if (handle.write(piece, { at }) !== piece.length) throw new Error('short write');
    }
    handle.flush();
  } finally {
    handle.close();
  }
}

/** Reads a file of the origin's root directory in pieces, which `visit()` gets in order. */
export async function exportFile(name, visit) {
  const root = await navigator.storage.getDirectory();
  const handle = await (await root.getFileHandle(name)).createSyncAccessHandle();
  try {
    const piece = new Uint8Array(exportedAtOnce);
    for (let at = 0, count; (count = handle.read(piece, { at })) > 0; at += count) {
      visit(piece.subarray(0, count));
    }
  } finally {
    handle.close();
  }
}
