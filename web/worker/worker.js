// The worker's entry: answers the page's calls one after the other and reports errors by value.
//
// In:  {id, method, args}
// Out: {id, result} or {id, error: {name, message}}, and {progress} while something long is running

import { DemoPool } from './demo-pool.js';

let pool;

const methods = {
  async open() {
    pool = await DemoPool.open();
  },
  ensureUnicode: () => pool.ensureUnicode((progress) => postMessage({ progress })),
  overview: () => pool.overview(),
  query: (database, sql) => pool.query(database, sql),
  importFile: (name, file) => pool.importFile(name, file, (progress) => postMessage({ progress })),
  exportFile: (name) => pool.exportFile(name),
  unlink: (name) => pool.unlink(name),
  addSlot: () => pool.addSlot(),
  removeSlot: () => pool.removeSlot(),
  recover: (slot, name) => pool.recover(slot, name),
  discard: (slot) => pool.discard(slot),
};

async function answer({ id, method, args }) {
  try {
    const result = await methods[method](...args);
    const transfer = result instanceof Uint8Array ? [result.buffer] : [];
    postMessage({ id, result }, { transfer });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    postMessage({ id, error: { name, message } });
  }
}

// An import closes connections that a query would open again in between, so calls wait in line.
let last = Promise.resolve();
addEventListener('message', ({ data }) => {
  last = last.then(() => answer(data));
});
