// Runs the operations of a workload on a simulated pool, beside a model of what must come of them.
//
// Every result that SQLite and the pool give is compared with the model. What a crash may leave at
// this moment is always known as expectation().
// Threads: none. Errors: failure() says what went wrong first; after that operations do nothing.
#ifndef SAHPOOL_TESTS_SIMULATION_SESSION_H_
#define SAHPOOL_TESTS_SIMULATION_SESSION_H_

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expectation.h"
#include "fault_storage.h"
#include "image_checks.h"
#include "operation.h"
#include "simulated_pool.h"
#include "survival.h"

namespace sahpool::testing {

// One connection and what it sees.
struct SimulatedConnection {
  using Views = std::array<ContentPtr, kDatabaseCount>;

  sqlite3* db = nullptr;
  std::size_t main = 0;  // the database opened; the other one may be attached
  bool has_attached = false;
  int synchronous = 2;
  bool in_transaction = false;
  Views snapshot{};  // what the transaction saw first; null where it has not looked
  Views view{};      // what it sees now
  std::array<bool, kDatabaseCount> has_written{};
  std::vector<std::pair<Views, std::array<bool, kDatabaseCount>>> savepoints;
};

class Session {
 public:
  // `seed` is that of randomness in SQLite and in crashes that are steps of the workload.
  Session(const Settings& settings, std::uint64_t seed);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Run(const Operation& operation);
  // Whether the next operation's moments are remembered: a kKill that follows it strikes at one of
  // them, so that it is cut off in the middle.
  bool remembers_moments = false;
  // Closes the connections.
  void Finish();

  FaultDisk& disk() { return *disk_; }
  const Expectation& expectation() const { return expectation_; }
  // After an operation, when no fault is armed.
  //
  // SQLite up to 3.54.1, on every VFS (tests/native/stock_sqlite_test.cc): when a crash or a
  // failure meets a commit over several databases after its super-journal has gone, a connection
  // that keeps its journals also keeps the super-journal's name at the end of one. A later, shorter
  // transaction that is rolled back is then taken for a part of that commit, and is not undone.
  // Deleting the journals prevents it.
  void DeleteStaleJournals();

  // From now on: a call of the host has failed.
  void MayNeedRecovery() {
    expectation_.may_need_recovery = before_commit_.may_need_recovery = true;
  }
  // A way to crash that is promised to be survived at this moment, chosen by `ticket`.
  Survival DrawSurvival(std::size_t ticket);
  const std::string& failure() const { return failure_; }
  void Fail(const std::string& problem);

  // Whether a fault has come to pass, so that operations may fail.
  std::function<bool()> expects_failure = [] { return false; };
  // The first result in the last operation that was none of success, SQLITE_OK when all were.
  int last_code() const { return last_code_; }
  // The one that a connection set last.
  const std::string& journal_mode() const { return journal_mode_; }
  // Reads every database and compares it with the model.
  void CheckLive();
  // The same by the connections that are open, outside of their transactions.
  void ReadWhatIsCommitted();

  // Called before each change of the disk.
  std::function<void()> before_change;

 private:
  using Views = SimulatedConnection::Views;

  SimulatedConnection& ConnectionOf(const Operation& operation) {
    return connections_[operation.connection];
  }
  std::string SchemaOf(const SimulatedConnection& connection, std::size_t database) const {
    return connection.main == database ? "main" : "other";
  }
  bool Sees(const SimulatedConnection& connection, std::size_t database) const {
    return connection.db != nullptr && (connection.main == database || connection.has_attached);
  }
  bool IsOpenAnywhere(std::size_t database) const;
  // Whether another connection is in a transaction that has written to the database.
  bool IsWrittenByOther(const SimulatedConnection& connection, std::size_t database) const;

  void StartPool();
  void NoteWeakness();
  int Execute(SimulatedConnection& connection, const std::string& sql);
  // Notes a result; false when the operation has failed.
  bool Accept(int code, const std::string& what);
  bool AcceptStatus(const Status& status, const std::string& what);

  void Open(const Operation& operation);
  void Close(SimulatedConnection& connection);
  void SetJournalMode(const Operation& operation);
  void SetSynchronous(const Operation& operation);
  void Begin(const Operation& operation);
  void Commit(SimulatedConnection& connection);
  void Rollback(SimulatedConnection& connection);
  void Savepoint(SimulatedConnection& connection);
  void Release(SimulatedConnection& connection);
  void RollbackTo(const Operation& operation);
  void Write(const Operation& operation);
  void Read(const Operation& operation);
  void Sort(const Operation& operation);
  void Vacuum(const Operation& operation);
  void Checkpoint(const Operation& operation);
  void ChangeCapacity(const Operation& operation);
  void Unlink(std::size_t database);
  void Import(const Operation& operation);
  void Export(std::size_t database);
  void Pause();
  void Kill();
  void Crash(const Operation& operation);
  void RememberMoment();
  void RecoverClaims();
  void StartAgainWith(std::map<std::string, FaultDisk::Slot> slots);

  // What the connection sees of the database, null when that can't be told for now.
  ContentPtr Look(SimulatedConnection& connection, std::size_t database);
  Content Changed(const Content& content, const Operation& operation) const;
  std::string SqlOf(const Operation& operation, const std::string& schema) const;
  // After a failed statement: SQLite may have ended the transaction.
  void NoteEndedTransaction(SimulatedConnection& connection);
  void Forget(SimulatedConnection& connection);

  // A commit of `contents` (null where nothing changes) is about to be tried.
  void ExpectCommit(const Views& contents, bool is_atomic);
  void Committed(const Views& contents, bool is_durable);
  void NotCommitted();
  void CommitMayHaveFailed(const Views& contents);
  // The content that this is, if the database may hold it.
  ContentPtr Recognize(std::size_t database, const Content& found);
  void Settle(std::size_t database, const Content& found);
  void Resolve(SimulatedConnection& connection);
  bool UsesWal(SimulatedConnection& connection, std::size_t database);
  void NoteJournalModes(SimulatedConnection& connection);
  bool ReadThrough(SimulatedConnection& connection, std::size_t database);

  Settings settings_;
  Random random_;
  std::string journal_mode_;
  std::unique_ptr<FaultDisk> disk_;
  std::unique_ptr<SimulatedPool> pool_;
  int generation_ = 0;
  std::array<SimulatedConnection, kConnectionCount> connections_{};
  Expectation expectation_;
  Expectation before_commit_;
  struct Moment {
    std::map<std::string, FaultDisk::Slot> slots;
    Expectation expectation;
  };
  std::optional<Moment> moment_;
  std::size_t moments_ = 0;
  std::array<bool, kDatabaseCount> is_wal_{};
  // A commit failed since the last one that succeeded: its frames may still lie in the WAL.
  std::array<bool, kDatabaseCount> is_uncertain_{};
  // What a reader can find now: one content, or several after a commit failed.
  std::array<std::vector<ContentPtr>, kDatabaseCount> live_;
  bool may_have_stale_journals_ = false;
  // Since everything was last flushed.
  bool was_weak_ = false;
  bool was_careless_ = false;
  std::int64_t version_ = 0;
  int last_code_ = SQLITE_OK;
  std::string message_;  // of the last statement that failed
  std::string failure_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_SESSION_H_
