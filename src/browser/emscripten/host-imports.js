// What C++ imports of a host, for Emscripten programs: over the host of library.js, which says how this
// is written. Made by tools/generate-abi.mjs.

mergeInto(LibraryManager.library, {
  sahpool_host_read__deps: ['$sahpoolHost'],
  sahpool_host_read: function (handle, into, count, offset) {
    return sahpoolHost()['imports']['read'](handle, into, count, offset);
  },
  sahpool_host_write__deps: ['$sahpoolHost'],
  sahpool_host_write: function (handle, from, count, offset) {
    return sahpoolHost()['imports']['write'](handle, from, count, offset);
  },
  sahpool_host_truncate__deps: ['$sahpoolHost'],
  sahpool_host_truncate: function (handle, size) {
    return sahpoolHost()['imports']['truncate'](handle, size);
  },
  sahpool_host_size__deps: ['$sahpoolHost'],
  sahpool_host_size: function (handle) {
    return sahpoolHost()['imports']['size'](handle);
  },
  sahpool_host_flush__deps: ['$sahpoolHost'],
  sahpool_host_flush: function (handle) {
    return sahpoolHost()['imports']['flush'](handle);
  },
  sahpool_host_error_text__deps: ['$sahpoolHost'],
  sahpool_host_error_text: function (into, capacity) {
    return sahpoolHost()['imports']['error_text'](into, capacity);
  },
  sahpool_host_now__deps: ['$sahpoolHost'],
  sahpool_host_now: function () {
    return sahpoolHost()['imports']['now']();
  },
  sahpool_host_clock__deps: ['$sahpoolHost'],
  sahpool_host_clock: function () {
    return sahpoolHost()['imports']['clock']();
  },
  sahpool_host_randomness__deps: ['$sahpoolHost'],
  sahpool_host_randomness: function (into, count) {
    return sahpoolHost()['imports']['randomness'](into, count);
  },
  sahpool_host_log__deps: ['$sahpoolHost'],
  sahpool_host_log: function (pool, level, text, length) {
    sahpoolHost()['imports']['log'](pool, level, text, length);
  },
  sahpool_host_few_free_slots__deps: ['$sahpoolHost'],
  sahpool_host_few_free_slots: function (pool) {
    sahpoolHost()['imports']['few_free_slots'](pool);
  },
});
