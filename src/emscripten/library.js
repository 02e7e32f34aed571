// The JavaScript library of Emscripten programs that are linked with sahpool::sahpool: the functions
// that C++ imports (src/wasm/abi.h, browser_library.cc), over the host of host.ts, whose bundle stands
// before the program under the name sahpoolProgramHost.
//
// In the syntax of ES5, as the optimizer of Emscripten 3.1.6 throws away what it can't read. What is
// the host's has its names in quotes, so that Closure Compiler (--closure 1) leaves them as they are.

mergeInto(LibraryManager.library, {
  // The host of this thread.
  $sahpoolHost: function () {
    if (!sahpoolHost.host) {
      sahpoolHost.host = new sahpoolProgramHost['ProgramHost'](
        function () {
          return wasmMemory.buffer;
        },
        function (name) {
          return Module['_' + name];
        },
      );
    }
    return sahpoolHost.host;
  },
  // Closure Compiler sees the program without what stands before it.
  $sahpoolHost__docs: '/** @suppress {undefinedVars} */',

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
  sahpool_host_now: function () {
    return Date.now();
  },
  sahpool_host_clock: function () {
    return performance.now();
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

  sahpool_host_open__deps: ['$sahpoolHost'],
  sahpool_host_open: function (
    operation,
    library,
    name,
    directory,
    capacity,
    clear,
    grow,
    timeout,
  ) {
    sahpoolHost()['open'](operation, library, name, directory, capacity, clear, grow, timeout);
  },
  sahpool_host_change_capacity__deps: ['$sahpoolHost'],
  sahpool_host_change_capacity: function (operation, pool, change, count) {
    sahpoolHost()['changeCapacity'](operation, pool, change, count);
  },
  sahpool_host_unpause__deps: ['$sahpoolHost'],
  sahpool_host_unpause: function (operation, pool) {
    sahpoolHost()['unpause'](operation, pool);
  },
  sahpool_host_remove__deps: ['$sahpoolHost'],
  sahpool_host_remove: function (operation, pool) {
    sahpoolHost()['remove'](operation, pool);
  },
  sahpool_host_pause__deps: ['$sahpoolHost'],
  sahpool_host_pause: function (pool) {
    return sahpoolHost()['pause'](pool);
  },
  sahpool_host_forget__deps: ['$sahpoolHost'],
  sahpool_host_forget: function (pool) {
    sahpoolHost()['forget'](pool);
  },
  // Whether the program is built with Asyncify (1) or JSPI (2), which is known when it is linked. JSPI
  // can suspend what was called as a promise: main(), but not a callback of ours.
  sahpool_host_can_wait__deps: ['$sahpoolHost'],
  sahpool_host_can_wait:
    ASYNCIFY === 2
      ? function () {
          return sahpoolHost()['isCalling'] ? 0 : 1;
        }
      : ASYNCIFY
        ? function () {
            return 1;
          }
        : function () {
            return 0;
          },
});
