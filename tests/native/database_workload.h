// Random work with SQLite on one or two databases, whose files are looked at in the middle of it.
#ifndef SAHPOOL_TESTS_NATIVE_DATABASE_WORKLOAD_H_
#define SAHPOOL_TESTS_NATIVE_DATABASE_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "database_files.h"
#include "image_checks.h"
#include "observed_vfs.h"
#include "sqlite3.h"

namespace sahpool::testing {

struct Row {
  std::int64_t version;
  std::size_t size;
  friend bool operator==(const Row&, const Row&) = default;
};

// The rows of a database's only table by their key.
using Rows = std::map<std::int64_t, Row>;

// One or two databases, a connection that works on them at random, and a look at
// their files at random moments.
class Workload {
 public:
  // Puts the files that it looks at into `corpus` too, unless that is nullptr.
  Workload(std::uint64_t seed, Coverage& coverage, std::vector<DatabaseFiles>* corpus);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  void Run(int steps);

 private:
  struct Database {
    std::string schema;
    std::string path;
    Rows committed;
    Rows current;
    std::vector<Rows> savepoints;
  };

  void SetUp();
  void StepOutside();
  void StepInside();
  Database& Any() { return databases_[random_.Below(databases_.size())]; }

  void Execute(const std::string& sql);
  void Pragma(const Database& database, const char* name, const std::string& value);
  void SwitchJournalMode(const std::string& mode);
  void Insert(Database& database);
  void Delete(Database& database);
  void Committed();

  // A reader keeps checkpoints from completing and the WAL from being restarted.
  void StartReader();
  void EndReader();

  // Checks what the files hold just before `change`, or halfway through it.
  void Look(const ObservedVfs::Change& change);
  void Tear(DatabaseFiles& files, const std::string& path, const ObservedVfs::Change& change);
  void Check(const DatabaseFiles& files, Rows& rows);
  void CheckBigEndian(DatabaseFiles files);

  Random random_;
  Coverage& coverage_;
  std::vector<DatabaseFiles>* corpus_;
  TemporaryDirectory directory_;
  ObservedVfs vfs_{"observed"};
  ObservedVfs quiet_vfs_{"quiet"};
  sqlite3* connection_ = nullptr;
  sqlite3* reader_ = nullptr;
  std::vector<Database> databases_;
  std::string synchronous_;
  std::size_t page_size_ = 0;
  bool exclusive_ = false;
  bool is_wal_ = false;
  bool in_transaction_ = false;
  bool in_commit_ = false;
  std::int64_t version_ = 0;
  std::size_t look_after_ = 0;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_DATABASE_WORKLOAD_H_
