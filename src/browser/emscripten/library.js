// The JavaScript library of Emscripten programs that are linked with sahpool::sahpool: the functions
// that browser_library.cc imports, over the host of host.ts, whose bundle stands before the program
// under the name sahpoolProgramHost. Those of src/abi/abi.h are in host-imports.js.
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
