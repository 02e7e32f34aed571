#include "interleaving.h"

#include <gtest/gtest.h>

#include <ostream>
#include <utility>

namespace sahpool::testing {
namespace {

constexpr int kKeyCount = 60;
constexpr const char* kSelect = "SELECT key, value, length(filler) FROM item ORDER BY key";

}  // namespace

std::ostream& operator<<(std::ostream& out, const Action& action) {
  out << "connection " << action.party << ": " << action.sql;
  switch (action.kind) {
    case ActionKind::kOpenCursor:
      return out << " (first row)";
    case ActionKind::kStepCursor:
      return out << "next row";
    case ActionKind::kCloseCursor:
      return out << "end of the cursor";
    case ActionKind::kReopen:
      return out << "close and open";
    default:
      return out;
  }
}

std::ostream& operator<<(std::ostream& out, const Observation& observation) {
  return out << "lock " << observation.lock_state << ", transaction "
             << observation.transaction_state << ", autocommit " << observation.is_autocommit
             << ", cursor " << observation.has_cursor << ", " << observation.outcome;
}

Parties::Parties(std::string path, std::string vfs, const Interleaving& interleaving)
    : path_(std::move(path)), vfs_(std::move(vfs)), setup_(interleaving.setup) {
  Connection first(path_, vfs_.c_str());
  EXPECT_EQ(first.Execute(setup_ + "CREATE TABLE item(key INTEGER PRIMARY KEY, value, filler);"),
            SQLITE_OK);
  first.Close();
  parties_.resize(interleaving.connection_count);
  for (Party& party : parties_) EXPECT_EQ(Open(party).code, SQLITE_OK);
}

Outcome Parties::Open(Party& party) {
  party.connection = std::make_unique<Connection>(path_, vfs_.c_str());
  EXPECT_EQ(party.connection->open_code(), SQLITE_OK);
  return party.connection->Run(setup_);
}

Observation Parties::Run(const Action& action) {
  Party& party = parties_[action.party];
  Observation seen;
  switch (action.kind) {
    case ActionKind::kOpenCursor:
      seen.outcome = OpenCursor(party, action.sql);
      break;
    case ActionKind::kStepCursor:
      seen.outcome = StepCursor(party);
      break;
    case ActionKind::kCloseCursor:
      party.cursor.reset();
      break;
    case ActionKind::kReopen:
      party.cursor.reset();
      party.connection.reset();
      seen.outcome = Open(party);
      break;
    default:
      seen.outcome = party.connection->Run(action.sql);
  }
  sqlite3* const db = party.connection->get();
  EXPECT_EQ(party.connection->FileControl(SQLITE_FCNTL_LOCKSTATE, &seen.lock_state), SQLITE_OK);
  seen.transaction_state = sqlite3_txn_state(db, "main");
  seen.is_autocommit = sqlite3_get_autocommit(db) != 0;
  seen.has_cursor = party.cursor != nullptr;
  return seen;
}

Outcome Parties::OpenCursor(Party& party, const std::string& sql) {
  sqlite3* const db = party.connection->get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return {.code = code, .rows = "", .message = sqlite3_errmsg(db)};
  party.cursor.reset(statement);
  return StepCursor(party);
}

Outcome Parties::StepCursor(Party& party) {
  const int code = sqlite3_step(party.cursor.get());
  if (code == SQLITE_ROW) {
    return {.code = SQLITE_OK, .rows = RowText(party.cursor.get()), .message = ""};
  }
  Outcome outcome;
  if (code != SQLITE_DONE) {
    outcome.code = code;
    outcome.message = sqlite3_errmsg(party.connection->get());
  }
  party.cursor.reset();
  return outcome;
}

void Parties::CloseAll() { parties_.clear(); }

Action ActionSource::Next() {
  const std::size_t party = Below(states_.size());
  const State& state = states_[party];
  const std::size_t choice = Below(100);
  if (choice < 2) return {.kind = ActionKind::kReopen, .party = party, .sql = ""};
  if (choice < 8) return NextMaintenance(party);
  if (choice < 20) return NextCursorAction(party);
  if (choice < 50) return NextOnRows(party);
  return state.is_autocommit ? NextOutside(party) : NextInTransaction(party);
}

Action ActionSource::NextOutside(std::size_t party) {
  const std::size_t choice = Below(10);
  if (choice < 6) return NextOnRows(party);
  if (choice < 7) {
    return {.kind = ActionKind::kSavepoint, .party = party, .sql = "SAVEPOINT s1", .depth = 1};
  }
  return {
      .kind = ActionKind::kBegin,
      .party = party,
      .sql = Among({"BEGIN", "BEGIN", "BEGIN IMMEDIATE", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"})};
}

Action ActionSource::NextInTransaction(std::size_t party) {
  const std::size_t depth = states_[party].savepoints;
  const std::size_t choice = Below(10);
  if (choice < 5) return {.kind = ActionKind::kCommit, .party = party, .sql = "COMMIT"};
  if (choice < 7) return {.kind = ActionKind::kRollback, .party = party, .sql = "ROLLBACK"};
  if (choice < 8 || depth == 0) {
    return {.kind = ActionKind::kSavepoint,
            .party = party,
            .sql = "SAVEPOINT s" + std::to_string(depth + 1),
            .depth = depth + 1};
  }
  const std::size_t target = 1 + Below(depth);
  const bool releases = choice == 8;
  return {.kind = releases ? ActionKind::kRelease : ActionKind::kRollbackTo,
          .party = party,
          .sql = (releases ? "RELEASE s" : "ROLLBACK TO s") + std::to_string(target),
          .depth = target};
}

Action ActionSource::NextOnRows(std::size_t party) {
  const int key = static_cast<int>(Below(kKeyCount));
  const int value = static_cast<int>(Below(100000));
  // Some rows need overflow pages, so that transactions outgrow the page cache and spill.
  const int size = static_cast<int>(Below(Below(3) == 0 ? 6000 : 300));
  const std::string row =
      std::to_string(key) + "," + std::to_string(value) + ",zeroblob(" + std::to_string(size) + ")";
  Action action{.kind = ActionKind::kSelect,
                .party = party,
                .sql = "",
                .key = key,
                .value = value,
                .size = size};
  const std::size_t choice = Below(10);
  if (choice < 4) {
    action.sql = kSelect;
  } else if (choice < 7) {
    action.kind = ActionKind::kPut;
    action.sql = "REPLACE INTO item VALUES(" + row + ")";
  } else if (choice < 8) {
    action.kind = ActionKind::kInsert;
    action.sql = "INSERT INTO item VALUES(" + row + ")";
  } else if (choice < 9) {
    action.kind = ActionKind::kAdd;
    action.sql = "UPDATE item SET value = value + " + std::to_string(value) +
                 " WHERE key % 7 = " + std::to_string(key % 7);
  } else {
    action.kind = ActionKind::kDelete;
    action.sql = "DELETE FROM item WHERE key = " + std::to_string(key);
  }
  return action;
}

Action ActionSource::NextCursorAction(std::size_t party) {
  if (!states_[party].has_cursor) {
    return {.kind = ActionKind::kOpenCursor, .party = party, .sql = kSelect};
  }
  const bool ends = Below(3) > 0;
  return {
      .kind = ends ? ActionKind::kCloseCursor : ActionKind::kStepCursor, .party = party, .sql = ""};
}

Action ActionSource::NextMaintenance(std::size_t party) {
  const State& state = states_[party];
  std::string sql = "VACUUM";
  if (interleaving_.has_checkpoints && Below(2) == 0) {
    sql = "PRAGMA wal_checkpoint(" + Among({"PASSIVE", "FULL", "RESTART", "TRUNCATE"}) + ")";
  } else if (interleaving_.changes_locking_mode && Below(2) == 0) {
    sql = "PRAGMA locking_mode=" + Among({"EXCLUSIVE", "NORMAL", "NORMAL"});
  } else if (interleaving_.changes_journal_mode && state.is_autocommit && !state.has_cursor) {
    sql = "PRAGMA journal_mode=" + Among({"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL"});
  }
  return {.kind = ActionKind::kMaintain, .party = party, .sql = sql};
}

void ActionSource::Note(const Action& action, const Observation& observation) {
  State& state = states_[action.party];
  state.is_autocommit = observation.is_autocommit;
  state.has_cursor = observation.has_cursor;
  if (state.is_autocommit) {
    state.savepoints = 0;
  } else if (observation.outcome.code == SQLITE_OK) {
    if (action.kind == ActionKind::kSavepoint || action.kind == ActionKind::kRollbackTo) {
      state.savepoints = action.depth;
    } else if (action.kind == ActionKind::kRelease) {
      state.savepoints = action.depth - 1;
    }
  }
}

}  // namespace sahpool::testing
