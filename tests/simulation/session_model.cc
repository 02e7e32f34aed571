// What must come of the operations of a workload: what readers may find now, and what a crash may
// leave.
#include <algorithm>
#include <array>
#include <string_view>

#include "judge.h"
#include "session.h"

namespace sahpool::testing {

void Session::ExpectCommit(const Views& contents, bool is_atomic) {
  before_commit_ = expectation_;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (contents[i]) expectation_.permitted[i].push_back(contents[i]);
  }
  if (!is_atomic) return;
  // One that is to be as before tells nothing about whether the commit has happened.
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (contents[i] && *contents[i] != *live_[i].front()) expectation_.together[i] = contents[i];
  }
}

void Session::Committed(const Views& contents, bool is_durable) {
  expectation_.together = {};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (!contents[i]) continue;
    if (live_[i].size() == 1 && *contents[i] == *live_[i].front()) {
      // Nothing was written, so nothing has changed in what a crash would leave.
      expectation_.permitted[i] = before_commit_.permitted[i];
      continue;
    }
    live_[i] = {contents[i]};
    is_uncertain_[i] = false;
    if (is_durable) expectation_.permitted[i] = {contents[i]};
  }
}

void Session::NotCommitted() { expectation_ = before_commit_; }

// The outcome is open: a reader will tell, and until the next commit a crash may tell otherwise.
void Session::CommitMayHaveFailed(const Views& contents) {
  expectation_.together = {};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (!contents[i]) continue;
    live_[i].push_back(contents[i]);
    is_uncertain_[i] = true;
  }
}

ContentPtr Session::Recognize(std::size_t database, const Content& found) {
  // The frames of a commit that failed may lie in the WAL, and be recovered from it without a crash
  // when SQLite has to rebuild the wal-index.
  std::vector<ContentPtr> possible = live_[database];
  if (is_uncertain_[database]) {
    const auto& permitted = expectation_.permitted[database];
    possible.insert(possible.end(), permitted.begin(), permitted.end());
  }
  for (const ContentPtr& one : possible) {
    if (*one == found) return one;
  }
  Fail(Path(database) + " holds what it must not: " + Describe(found) + "; " +
       DescribeDifference(found, *live_[database].back()));
  return nullptr;
}

void Session::Settle(std::size_t database, const Content& found) {
  if (const ContentPtr content = Recognize(database, found)) live_[database] = {content};
}

void Session::Forget(SimulatedConnection& connection) {
  connection.in_transaction = false;
  connection.snapshot = {};
  connection.view = {};
  connection.has_written = {};
  connection.savepoints.clear();
}

void Session::NoteEndedTransaction(SimulatedConnection& connection) {
  if (connection.in_transaction && sqlite3_get_autocommit(connection.db) != 0) Forget(connection);
}

bool Session::IsOpenAnywhere(std::size_t database) const {
  return std::ranges::any_of(connections_, [&](const SimulatedConnection& connection) {
    return Sees(connection, database);
  });
}

bool Session::IsWrittenByOther(const SimulatedConnection& connection, std::size_t database) const {
  return std::ranges::any_of(connections_, [&](const SimulatedConnection& other) {
    return &other != &connection && other.has_written[database];
  });
}

bool Session::UsesWal(SimulatedConnection& connection, std::size_t database) {
  bool is_wal = false;
  const std::string sql = "PRAGMA " + SchemaOf(connection, database) + ".journal_mode";
  sqlite3_exec(
      connection.db, sql.c_str(),
      [](void* result, int /*count*/, char** values, char** /*names*/) {
        *static_cast<bool*>(result) = values[0] != nullptr && std::string_view(values[0]) == "wal";
        return 0;
      },
      &is_wal, nullptr);
  return is_wal;
}

void Session::NoteJournalModes(SimulatedConnection& connection) {
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (Sees(connection, i)) is_wal_[i] = UsesWal(connection, i);
  }
}

// With synchronous = NORMAL and a rollback journal SQLite flushes the journal only once, trusts
// checksums that look at every 200th byte, and doesn't flush the end of a journal: on a disk that
// tears, reorders or forgets writes it promises nothing, until all of them have been flushed. With
// OFF it flushes nothing, and only what a killed process leaves is promised.
void Session::NoteWeakness() {
  for (const SimulatedConnection& connection : connections_) {
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      if (!Sees(connection, i)) continue;
      if (connection.synchronous < 2 && !is_wal_[i]) was_weak_ = true;
      if (connection.synchronous == 0) was_careless_ = true;
    }
  }
}

Survival Session::DrawSurvival(std::size_t ticket) {
  NoteWeakness();
  if (was_careless_) return Survival::kAll;
  constexpr std::array kOrderly = {Survival::kAll, Survival::kPrefix};
  return was_weak_ ? kOrderly[ticket % kOrderly.size()]
                   : static_cast<Survival>(ticket % kSurvivalCount);
}

ContentPtr Session::Look(SimulatedConnection& connection, std::size_t database) {
  if (connection.view[database]) return connection.view[database];
  return live_[database].size() == 1 ? live_[database].front() : nullptr;
}

}  // namespace sahpool::testing
