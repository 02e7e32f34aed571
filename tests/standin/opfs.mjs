// An OPFS in memory: directories, files and exclusive SyncAccessHandles, with quota and with faults
// on demand. Plain JavaScript, for Node and for browsers whose own OPFS can't be used.
//
//   const opfs = new StandInOpfs();
//   const restore = opfs.install();          // navigator.storage and the classes
//   opfs.faults.on('write', ({ nth }) => (nth === 3 ? 0 : undefined));
//   opfs.quota = 100_000;                    // bytes of all files together
//
// A fault hook sees every call of its operation: {name, nth, ...arguments}. What it throws, the call
// throws; what it returns other than undefined, a synchronous call returns without doing its work,
// while an asynchronous call waits for it first.

import { replaceProperties } from './replace-properties.mjs';
import { FaultTable } from './fault-table.mjs';

/** @returns {DOMException} */
function domError(name, message) {
  return new DOMException(message, name);
}

const BLOCK_SIZE = 65536;

/** The bytes of one file, of which only the blocks are kept that were written, and who has it open. */
class FileNode {
  kind = 'file';
  size = 0;
  handle = null;
  #blocks = new Map();

  constructor(name) {
    this.name = name;
  }

  /** A copy of all bytes. */
  get bytes() {
    const copy = new Uint8Array(this.size);
    this.read(copy, 0);
    return copy;
  }

  /** Copies what there is at an offset; returns how much. */
  read(into, at) {
    const count = Math.max(0, Math.min(into.length, this.size - at));
    this.#visit(at, count, (block, blockStart, start, length) => {
      const target = into.subarray(start, start + length);
      if (block) target.set(block.subarray(blockStart, blockStart + length));
      else target.fill(0);
    });
    return count;
  }

  write(from, at) {
    this.size = Math.max(this.size, at + from.length);
    this.#visit(at, from.length, (block, blockStart, start, length, index) => {
      const target = block ?? new Uint8Array(BLOCK_SIZE);
      target.set(from.subarray(start, start + length), blockStart);
      this.#blocks.set(index, target);
    });
  }

  resize(size) {
    for (const [index, block] of this.#blocks) {
      const left = size - index * BLOCK_SIZE;
      if (left <= 0) this.#blocks.delete(index);
      else if (left < BLOCK_SIZE) block.fill(0, left);
    }
    this.size = size;
  }

  /** Calls `use(block, start in the block, start in the range, length, index)` for each block. */
  #visit(at, count, use) {
    for (let done = 0; done < count;) {
      const index = Math.floor((at + done) / BLOCK_SIZE);
      const blockStart = (at + done) % BLOCK_SIZE;
      const length = Math.min(BLOCK_SIZE - blockStart, count - done);
      use(this.#blocks.get(index), blockStart, done, length, index);
      done += length;
    }
  }
}

class DirectoryNode {
  kind = 'directory';
  entries = new Map();

  constructor(name) {
    this.name = name;
  }

  *files() {
    for (const entry of this.entries.values()) {
      if (entry.kind === 'file') yield entry;
      else yield* entry.files();
    }
  }
}

function checkEntryName(name) {
  if (name === '' || name === '.' || name === '..' || /[/\\]/.test(name)) {
    throw new TypeError(`Name is not allowed: ${name}`);
  }
}

export class FileSystemHandle {
  constructor(opfs, node) {
    this.opfs = opfs;
    this.node = node;
  }

  get kind() {
    return this.node.kind;
  }

  get name() {
    return this.node.name;
  }
}

function bytesOf(data) {
  const { resizable, growable } = data.buffer ?? data;
  if (resizable || growable) throw new TypeError('The provided buffer must not be resizable');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

export class FileSystemSyncAccessHandle {
  #opfs;
  #node;
  #isOpen = true;

  constructor(opfs, node) {
    this.#opfs = opfs;
    this.#node = node;
  }

  get mode() {
    return 'readwrite';
  }

  read(into, { at = 0 } = {}) {
    return this.#call('read', { at, count: into.byteLength }, () =>
      this.#node.read(bytesOf(into), at),
    );
  }

  write(from, { at = 0 } = {}) {
    return this.#call('write', { at, count: from.byteLength, from }, () => {
      if (at + from.byteLength - this.#node.size > this.#opfs.free) {
        if (this.#opfs.quotaStyle === 'firefox') return 0;
        throw domError('QuotaExceededError', 'No space available for this operation');
      }
      this.#node.write(bytesOf(from), at);
      return from.byteLength;
    });
  }

  truncate(size) {
    return this.#call('truncate', { size }, () => {
      if (size - this.#node.size > this.#opfs.free) {
        throw this.#opfs.quotaStyle === 'firefox'
          ? domError('NS_ERROR_FILE_NO_DEVICE_SPACE', '')
          : domError('QuotaExceededError', 'No space available for this operation');
      }
      this.#node.resize(size);
    });
  }

  getSize() {
    return this.#call('getSize', {}, () => this.#node.size);
  }

  flush() {
    return this.#call('flush', {}, () => undefined);
  }

  close() {
    if (!this.#isOpen) return;
    this.#opfs.faults.consult('close', { file: this.#node.name });
    this.drop();
  }

  /** Ends the handle as the death of its tab does. */
  drop() {
    this.#isOpen = false;
    this.#node.handle = null;
  }

  #call(operation, details, work) {
    if (!this.#isOpen) throw domError('InvalidStateError', 'The access handle was already closed');
    const instead = this.#opfs.faults.consult(operation, { file: this.#node.name, ...details });
    return instead === undefined ? work() : instead;
  }
}

export class FileSystemFileHandle extends FileSystemHandle {
  async createSyncAccessHandle() {
    await this.opfs.faults.consult('createSyncAccessHandle', { file: this.name });
    await null;
    if (this.node.handle) {
      throw domError(
        'NoModificationAllowedError',
        'Access Handles cannot be created if there is another open Access Handle',
      );
    }
    this.node.handle = new FileSystemSyncAccessHandle(this.opfs, this.node);
    return this.node.handle;
  }

  async getFile() {
    return new Blob([this.node.bytes]);
  }
}

export class FileSystemDirectoryHandle extends FileSystemHandle {
  async getDirectoryHandle(name, { create = false } = {}) {
    return this.#get('getDirectoryHandle', name, create, DirectoryNode, FileSystemDirectoryHandle);
  }

  async getFileHandle(name, { create = false } = {}) {
    return this.#get('getFileHandle', name, create, FileNode, FileSystemFileHandle);
  }

  async removeEntry(name, { recursive = false } = {}) {
    await this.opfs.faults.consult('removeEntry', { entry: name });
    await null;
    const entry = this.node.entries.get(name);
    if (!entry) throw domError('NotFoundError', `There is no entry ${name}`);
    const files = entry.kind === 'file' ? [entry] : [...entry.files()];
    if (files.some((file) => file.handle)) {
      throw domError('NoModificationAllowedError', `${name} has an open Access Handle`);
    }
    if (entry.kind === 'directory' && entry.entries.size > 0 && !recursive) {
      throw domError('InvalidModificationError', `${name} is not empty`);
    }
    this.node.entries.delete(name);
  }

  async *values() {
    await this.opfs.faults.consult('values', { directory: this.name });
    for (const entry of [...this.node.entries.values()]) yield this.#wrap(entry);
  }

  async *entries() {
    for await (const handle of this.values()) yield [handle.name, handle];
  }

  async *keys() {
    for await (const handle of this.values()) yield handle.name;
  }

  [Symbol.asyncIterator]() {
    return this.entries();
  }

  #wrap(entry) {
    const Handle = entry.kind === 'file' ? FileSystemFileHandle : FileSystemDirectoryHandle;
    return new Handle(this.opfs, entry);
  }

  async #get(operation, name, create, Node, Handle) {
    checkEntryName(name);
    await this.opfs.faults.consult(operation, { entry: name, create });
    await null;
    let entry = this.node.entries.get(name);
    if (!entry) {
      if (!create) throw domError('NotFoundError', `There is no entry ${name}`);
      entry = new Node(name);
      this.node.entries.set(name, entry);
    }
    if (!(this.#wrap(entry) instanceof Handle)) {
      throw domError('TypeMismatchError', `${name} is of the other kind`);
    }
    return new Handle(this.opfs, entry);
  }
}

export class StandInOpfs {
  root = new DirectoryNode('');
  faults = new FaultTable();
  /** Bytes that all files may take together. */
  quota = Infinity;
  /** How running out of quota shows: 'chromium' throws, 'firefox' writes nothing. */
  quotaStyle = 'chromium';

  get usage() {
    return [...this.root.files()].reduce((sum, file) => sum + file.size, 0);
  }

  get free() {
    return this.quota - this.usage;
  }

  /** What navigator.storage has. */
  get storage() {
    return {
      getDirectory: async () => {
        await this.faults.consult('getDirectory', {});
        return new FileSystemDirectoryHandle(this, this.root);
      },
      estimate: async () => ({
        usage: this.usage,
        quota: Math.min(this.quota, Number.MAX_SAFE_INTEGER),
      }),
    };
  }

  /** The node at a path, undefined when there is none. */
  find(path) {
    const parts = path.split('/').filter((part) => part !== '');
    return parts.reduce((node, part) => node?.entries?.get(part), this.root);
  }

  /** The slots of the pool in a directory: file nodes with `name`, `bytes`, `write()` and `handle`. */
  slots(directory) {
    return [...(this.find(`${directory}/.opaque`)?.entries.values() ?? [])];
  }

  /** Puts a file there, with its directories. */
  put(path, bytes) {
    const parts = path.split('/').filter((part) => part !== '');
    const name = parts.pop();
    let directory = this.root;
    for (const part of parts) {
      if (!directory.entries.has(part)) directory.entries.set(part, new DirectoryNode(part));
      directory = directory.entries.get(part);
    }
    const file = new FileNode(name);
    file.write(bytes, 0);
    directory.entries.set(name, file);
    return file;
  }

  /** The number of open handles. */
  get openHandles() {
    return [...this.root.files()].filter((file) => file.handle).length;
  }

  /** Ends all handles as the death of their tab does. */
  dropHandles() {
    for (const file of this.root.files()) file.handle?.drop();
  }

  /** A second OPFS with the same content and nothing open. */
  clone() {
    const copy = new StandInOpfs();
    const visit = (node, path) => {
      for (const entry of node.entries.values()) {
        if (entry.kind === 'directory') visit(entry, `${path}/${entry.name}`);
        else copy.put(`${path}/${entry.name}`, entry.bytes);
      }
    };
    visit(this.root, '');
    return copy;
  }

  /** Makes this the OPFS of the global scope. Returns what undoes it. */
  install(scope = globalThis) {
    const navigatorObject = scope.navigator ?? {};
    const restoreStorage = replaceProperties(navigatorObject, { storage: this.storage });
    const restoreScope = replaceProperties(scope, {
      ...(scope.navigator === undefined && { navigator: navigatorObject }),
      FileSystemHandle,
      FileSystemDirectoryHandle,
      FileSystemFileHandle,
      FileSystemSyncAccessHandle,
    });
    return () => {
      restoreScope();
      restoreStorage();
    };
  }
}
