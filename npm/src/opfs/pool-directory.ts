// A pool's directory in OPFS: finding, opening, creating and removing its slots. Everything that was
// opened is either returned or closed again, whatever fails in between.

import { PoolBusyError } from '../core/errors.js';
import { isLocked, isNotFound } from '../core/exception-text.js';
import type { Slot } from '../core/handle-table.js';
import { openHandle, tryEnvironment } from './environment-check.js';

const SLOTS_DIRECTORY = '.opaque';
const FIRST_RETRY_DELAY = 20;
const LONGEST_RETRY_DELAY = 250;

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Closes all; returns what could not be closed. */
export function closeSlots(slots: Iterable<Slot>): unknown[] {
  const failures: unknown[] = [];
  for (const { handle } of slots) {
    try {
      handle.close();
    } catch (failure) {
      failures.push(failure);
    }
  }
  return failures;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

async function create(
  root: FileSystemDirectoryHandle,
  path: string,
): Promise<FileSystemDirectoryHandle> {
  let directory = root;
  for (const part of partsOf(path)) {
    directory = await directory.getDirectoryHandle(part, { create: true });
  }
  return directory;
}

async function find(
  root: FileSystemDirectoryHandle,
  path: string,
): Promise<FileSystemDirectoryHandle | undefined> {
  let directory = root;
  try {
    for (const part of partsOf(path)) directory = await directory.getDirectoryHandle(part);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  return directory;
}

async function listFiles(directory: FileSystemDirectoryHandle): Promise<FileSystemFileHandle[]> {
  const files: FileSystemFileHandle[] = [];
  for await (const entry of directory.values()) {
    if (entry.kind === 'file') files.push(entry);
  }
  return files;
}

async function isEmpty(directory: FileSystemDirectoryHandle): Promise<boolean> {
  const { done } = await directory.values().next();
  return done === true;
}

async function removeIfPresent(
  directory: FileSystemDirectoryHandle,
  name: string,
  options?: FileSystemRemoveOptions,
): Promise<void> {
  try {
    await directory.removeEntry(name, options);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export class PoolDirectory {
  readonly #path: string;
  readonly #root: FileSystemDirectoryHandle;
  readonly #slots: FileSystemDirectoryHandle;
  readonly #files: FileSystemFileHandle[];

  private constructor(
    path: string,
    root: FileSystemDirectoryHandle,
    slots: FileSystemDirectoryHandle,
    files: FileSystemFileHandle[],
  ) {
    this.#path = path;
    this.#root = root;
    this.#slots = slots;
    this.#files = files;
  }

  /** Opens the directory, and creates it once it is known that slots can be opened here. */
  static async open(root: FileSystemDirectoryHandle, path: string): Promise<PoolDirectory> {
    const slotsPath = `${path}/${SLOTS_DIRECTORY}`;
    let slots = await find(root, slotsPath);
    const files = slots ? await listFiles(slots) : [];
    // A pool with slots needs no trial, which could fail for want of quota.
    if (files.length === 0) await tryEnvironment(root);
    slots ??= await create(root, slotsPath);
    return new PoolDirectory(path, root, slots, files);
  }

  /**
   * Opens all slots that were there when the directory was opened, in parallel. Those that somebody
   * still holds are tried again until the deadline, a performance.now().
   * @throws PoolBusyError when one stays locked; then nothing is open.
   */
  async openSlots(deadline: number): Promise<Slot[]> {
    const opened: Slot[] = [];
    try {
      let files = this.#files;
      for (let delay = FIRST_RETRY_DELAY; files.length > 0; delay *= 2) {
        const { locked, reason } = await this.#tryToOpen(files, opened);
        if (locked.length > 0 && performance.now() >= deadline) {
          throw new PoolBusyError(this.#path, 'another tab or worker', { cause: reason });
        }
        files = locked;
        if (locked.length > 0) await sleep(Math.min(delay, LONGEST_RETRY_DELAY));
      }
      return opened;
    } catch (error) {
      closeSlots(opened);
      throw error;
    }
  }

  /** Adds to `opened`; gives the files that are locked, fails for any other reason. */
  async #tryToOpen(
    files: FileSystemFileHandle[],
    opened: Slot[],
  ): Promise<{ locked: FileSystemFileHandle[]; reason: unknown }> {
    const locked: FileSystemFileHandle[] = [];
    let reason: unknown;
    let failure: { reason: unknown } | undefined;
    const tryOne = async (file: FileSystemFileHandle): Promise<void> => {
      try {
        opened.push({ name: file.name, handle: await openHandle(file) });
      } catch (error) {
        if (!isLocked(error)) {
          failure ??= { reason: error };
          return;
        }
        reason = error;
        locked.push(file);
      }
    };
    await Promise.all(files.map(tryOne));
    if (failure) throw failure.reason;
    return { locked, reason };
  }

  /** Creates an empty slot. */
  async createSlot(): Promise<Slot> {
    const name = crypto.randomUUID();
    const file = await this.#slots.getFileHandle(name, { create: true });
    try {
      return { name, handle: await openHandle(file) };
    } catch (error) {
      await this.dropNewSlot(name);
      throw error;
    }
  }

  /** Deletes the file of a closed slot that was created just now, if that works. */
  async dropNewSlot(name: string): Promise<void> {
    try {
      await this.removeSlot(name);
    } catch {
      // It holds nothing: the next start makes a free slot of it.
    }
  }

  /** Opens a slot again after it was closed. */
  async reopenSlot(name: string): Promise<Slot> {
    return { name, handle: await openHandle(await this.#slots.getFileHandle(name)) };
  }

  /** Deletes the file of a slot that is closed. */
  async removeSlot(name: string): Promise<void> {
    await this.#slots.removeEntry(name);
  }

  /**
   * Deletes all slots, which are closed, and the directory itself unless something else is in it.
   * Returns whether the directory is gone.
   */
  async remove(): Promise<boolean> {
    const directory = await find(this.#root, this.#path);
    if (!directory) return true;
    await removeIfPresent(directory, SLOTS_DIRECTORY, { recursive: true });
    const parts = partsOf(this.#path);
    const name = parts.pop();
    const parent = await find(this.#root, parts.join('/'));
    if (name === undefined || !parent || !(await isEmpty(directory))) return false;
    await removeIfPresent(parent, name);
    return true;
  }
}
