// What C++ imports of a host, for Emscripten programs: over the host of library.js, which says how this
// is written. Made by tools/generate-abi.mjs.

mergeInto(LibraryManager.library, {
  sahpool_host_read__deps: ['$sahpoolHost'],
  sahpool_host_read: function (handle, into, count, offset) {
    return sahpoolHost()['imports']['sahpool_host_read'](handle, into, count, offset);
  },
  sahpool_host_write__deps: ['$sahpoolHost'],
  sahpool_host_write: function (handle, from, count, offset) {
    return sahpoolHost()['imports']['sahpool_host_write'](handle, from, count, offset);
  },
  sahpool_host_truncate__deps: ['$sahpoolHost'],
  sahpool_host_truncate: function (handle, size) {
    return sahpoolHost()['imports']['sahpool_host_truncate'](handle, size);
  },
  sahpool_host_size__deps: ['$sahpoolHost'],
  sahpool_host_size: function (handle) {
    return sahpoolHost()['imports']['sahpool_host_size'](handle);
  },
  sahpool_host_flush__deps: ['$sahpoolHost'],
  sahpool_host_flush: function (handle) {
    return sahpoolHost()['imports']['sahpool_host_flush'](handle);
  },
  sahpool_host_error_text__deps: ['$sahpoolHost'],
  sahpool_host_error_text: function (into, capacity) {
    return sahpoolHost()['imports']['sahpool_host_error_text'](into, capacity);
  },
  sahpool_host_now__deps: ['$sahpoolHost'],
  sahpool_host_now: function () {
    return sahpoolHost()['imports']['sahpool_host_now']();
  },
  sahpool_host_clock__deps: ['$sahpoolHost'],
  sahpool_host_clock: function () {
    return sahpoolHost()['imports']['sahpool_host_clock']();
  },
  sahpool_host_randomness__deps: ['$sahpoolHost'],
  sahpool_host_randomness: function (into, count) {
    return sahpoolHost()['imports']['sahpool_host_randomness'](into, count);
  },
  sahpool_host_log__deps: ['$sahpoolHost'],
  sahpool_host_log: function (pool, level, text, length) {
    sahpoolHost()['imports']['sahpool_host_log'](pool, level, text, length);
  },
  sahpool_host_few_free_slots__deps: ['$sahpoolHost'],
  sahpool_host_few_free_slots: function (pool) {
    sahpoolHost()['imports']['sahpool_host_few_free_slots'](pool);
  },
});
