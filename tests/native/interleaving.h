// Random interleavings of statements on several connections to one database: the statements, the
// connections that run them on some VFS, and a model of what they must see.
#ifndef SAHPOOL_TESTS_NATIVE_INTERLEAVING_H_
#define SAHPOOL_TESTS_NATIVE_INTERLEAVING_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sql_connection.h"
#include "sqlite3.h"

namespace sahpool::testing {

// What one interleaving is about.
struct Interleaving {
  std::string_view name;
  // Run by every connection when it is opened, and once before that on the new database.
  std::string setup;
  std::size_t connection_count = 2;
  bool has_checkpoints = false;
  bool changes_journal_mode = false;
  bool changes_locking_mode = false;
};

enum class ActionKind {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackTo,
  kSelect,
  kPut,     // inserts or replaces
  kInsert,  // fails when the key is there
  kAdd,     // updates the values of some keys
  kDelete,
  kOpenCursor,
  kStepCursor,
  kCloseCursor,
  kReopen,
  kMaintain,  // a checkpoint, VACUUM, a PRAGMA: changes no row
};

struct Action {
  ActionKind kind;
  std::size_t party;  // which of the connections
  std::string sql;
  int key = 0;
  int value = 0;
  int size = 0;
  std::size_t depth = 0;  // of a savepoint, from 1
};
std::ostream& operator<<(std::ostream& out, const Action& action);

// All that can be seen of a connection after an action.
struct Observation {
  Outcome outcome;
  int lock_state = 0;  // SQLITE_FCNTL_LOCKSTATE
  int transaction_state = SQLITE_TXN_NONE;
  bool is_autocommit = true;
  bool has_cursor = false;

  friend bool operator==(const Observation&, const Observation&) = default;
};
std::ostream& operator<<(std::ostream& out, const Observation& observation);

// The connections to one database on one VFS.
class Parties {
 public:
  Parties(std::string path, std::string vfs, const Interleaving& interleaving);

  Observation Run(const Action& action);
  std::size_t count() const { return parties_.size(); }
  // Ends every cursor and closes every connection.
  void CloseAll();

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
  struct Party {
    std::unique_ptr<Connection> connection;
    Statement cursor{nullptr, sqlite3_finalize};
  };

  Outcome Open(Party& party);
  Outcome OpenCursor(Party& party, const std::string& sql);
  static Outcome StepCursor(Party& party);

  std::string path_;
  std::string vfs_;
  std::string setup_;
  std::vector<Party> parties_;
};

// The table that all statements are about, and how a SELECT shows it.
struct ModelRow {
  int value;
  int size;
  friend bool operator==(const ModelRow&, const ModelRow&) = default;
};
using ModelTable = std::map<int, ModelRow>;
std::string RenderRows(const ModelTable& table);

// The rows that a SELECT which is being stepped will still show.
struct ModelCursor {
  std::vector<std::string> rows;
  std::size_t next = 0;
};

// What is committed, what each connection sees, and what it has changed. Failures of an expectation
// are reported to GoogleTest.
class ContentModel {
 public:
  explicit ContentModel(std::size_t party_count) : parties_(party_count) {}

  void Follow(const Action& action, const Observation& observation);
  const ModelTable& committed() const { return committed_; }

 private:
  struct Party {
    std::optional<ModelTable> snapshot;  // what its read transaction sees
    std::optional<ModelTable> working;   // that with its own changes
    std::vector<std::optional<ModelTable>> savepoints;
    std::optional<ModelCursor> cursor;  // none when its rows can't be foretold
  };

  const ModelTable& SeenBy(const Party& party) const;
  void FollowSuccess(Party& party, const Action& action, const Outcome& outcome);
  void FollowFailure(const Party& party, const Action& action, const Outcome& outcome) const;
  void FollowCursor(Party& party, const Action& action, const Observation& observation);
  void Change(Party& party, const Action& action);
  void EndTransactions(Party& party, const Action& action, const Observation& observation);

  ModelTable committed_;
  std::vector<Party> parties_;
};

// Makes actions that are plausible for the state the connections are in.
class ActionSource {
 public:
  ActionSource(std::uint64_t seed, const Interleaving& interleaving)
      : random_(seed), interleaving_(interleaving), states_(interleaving.connection_count) {}

  Action Next();
  void Note(const Action& action, const Observation& observation);

 private:
  struct State {
    bool is_autocommit = true;
    bool has_cursor = false;
    std::size_t savepoints = 0;
  };

  std::size_t Below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  template <std::size_t kCount>
  std::string Among(const char* const (&values)[kCount]) {
    return values[Below(kCount)];
  }
  Action NextInTransaction(std::size_t party);
  Action NextOutside(std::size_t party);
  Action NextOnRows(std::size_t party);
  Action NextCursorAction(std::size_t party);
  Action NextMaintenance(std::size_t party);

  std::mt19937_64 random_;
  const Interleaving& interleaving_;
  std::vector<State> states_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_INTERLEAVING_H_
