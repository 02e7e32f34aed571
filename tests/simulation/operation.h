// The steps of a simulated workload: plain values drawn from a seed. Any subset of them is a
// workload too, which is what shrinking one needs; a step that can't be done is passed over.
//
// Threads: pure functions.
#ifndef SAHPOOL_TESTS_SIMULATION_OPERATION_H_
#define SAHPOOL_TESTS_SIMULATION_OPERATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "content.h"

namespace sahpool::testing {

inline constexpr std::size_t kDatabaseCount = 2;
inline constexpr std::size_t kConnectionCount = 2;

enum class Action : std::uint8_t {
  kOpen,
  kClose,
  kJournalMode,
  kSynchronous,
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackTo,
  kInsert,
  kUpdate,
  kDelete,
  kRead,
  kSort,  // with a temporary file
  kVacuum,
  kIncrementalVacuum,
  kCheckpoint,
  kAddCapacity,
  kReduceCapacity,
  kUnlink,
  kImport,
  kAbortImport,
  kExport,
  kPause,
  kKill,   // of the process; what was not flushed can be seen, and lost later
  kCrash,  // and goes on with what is left
  kFill,   // the disk, where faults are injected: for some operations nothing grows
};

struct Operation {
  Action action;
  std::size_t connection;
  std::size_t database;
  // What they mean depends on the action.
  std::uint32_t a;
  std::uint32_t b;
  std::uint32_t c;
};

// What stays the same over a whole workload.
struct Settings {
  int page_size = 4096;
  int auto_vacuum = 0;
  int cache_pages = 10;
  int wal_autocheckpoint = 1000;
  int capacity = 10;
  std::string journal_mode;
};

struct Workload {
  Settings settings;
  std::vector<Operation> operations;
};

Workload DrawWorkload(std::uint64_t seed, std::size_t operation_count);

std::string Describe(const Settings& settings);
std::string Describe(const Operation& operation);

// The rows that an insert, an update or a delete is about.
struct Change {
  std::size_t table;
  std::int64_t first_key;
  std::int64_t count;
  std::int64_t size;  // of the new payloads, in bytes
};
Change ChangeOf(const Operation& operation);

// What the database of an import holds.
Content ImportedContent(const Operation& operation);

// The names that `a` of kJournalMode and kSynchronous stand for.
std::string JournalModeOf(const Operation& operation);
int SynchronousOf(const Operation& operation);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_OPERATION_H_
