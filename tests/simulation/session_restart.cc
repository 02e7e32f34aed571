// Kills and crashes as steps of a workload, and how it goes on with what they have left.
#include <string_view>
#include <utility>

#include "judge.h"
#include "session.h"

namespace sahpool::testing {

// Any of the operation's moments may be the one that is kept; the last ones, in which a transaction
// becomes one that has happened, are the likeliest.
void Session::RememberMoment() {
  if (!random_.OneIn(++moments_) && !random_.OneIn(8)) return;
  moment_ = {.slots = disk_->slots(), .expectation = expectation_};
}

void Session::Kill() {
  if (!moment_) return StartAgainWith(disk_->slots());
  Moment moment = *std::exchange(moment_, std::nullopt);
  moment.expectation.may_need_recovery |= expectation_.may_need_recovery;
  expectation_ = std::move(moment.expectation);
  StartAgainWith(std::move(moment.slots));
  expectation_.together = {};
}

void Session::Crash(const Operation& operation) {
  std::map<std::string, FaultDisk::Slot> slots;
  for (auto& [name, bytes] : Survivors(*disk_, DrawSurvival(operation.a), random_)) {
    slots[name] = {.now = bytes, .durable = bytes};
  }
  StartAgainWith(std::move(slots));
  CheckLive();
  DeleteStaleJournals();
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (live_[i].size() == 1) expectation_.permitted[i] = live_[i];
  }
}

void Session::StartAgainWith(std::map<std::string, FaultDisk::Slot> slots) {
  const auto observer = std::exchange(disk_->before_change, nullptr);
  // What the connections do as they are closed happens to the disk that is replaced.
  Finish();
  pool_.reset();
  disk_->Replace(std::move(slots));
  disk_->before_change = observer;
  live_ = expectation_.permitted;
  StartPool();
  RecoverClaims();
  may_have_stale_journals_ = true;
}

void Session::DeleteStaleJournals() {
  if (!may_have_stale_journals_ || !pool_->is_started() || !failure_.empty()) return;
  Finish();
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (pool_->pool().files().Find(pool_->pool().names().Resolve(kDatabaseNames[i]).value()) ==
        nullptr)
      continue;
    SimulatedConnection connection;
    connection.main = i;
    int code =
        sqlite3_open_v2(Path(i).c_str(), &connection.db, SQLITE_OPEN_READWRITE, pool_->vfs_name());
    if (code == SQLITE_OK && !UsesWal(connection, i)) {
      // SQLite deletes the journal only when it leaves a mode that keeps it.
      code = Execute(connection, "PRAGMA journal_mode = persist; PRAGMA journal_mode = delete");
    }
    Accept(code, "deleting the journal of " + Path(i));
    sqlite3_close_v2(connection.db);
  }
  may_have_stale_journals_ = false;
}

void Session::RecoverClaims() {
  if (!expectation_.may_need_recovery || !pool_->is_started()) return;
  for (const std::string_view database : kDatabaseNames) pool_->RecoverClaimsOn(database);
}

void Session::ReadWhatIsCommitted() {
  if (!failure_.empty() || !pool_->is_started()) return;
  for (SimulatedConnection& connection : connections_) {
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      // In a transaction a read may have to make room in the cache, and write.
      if (Sees(connection, i) && !connection.in_transaction) ReadThrough(connection, i);
    }
  }
}

void Session::CheckLive() {
  if (!failure_.empty() || !pool_->is_started()) return;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    Pool& pool = pool_->pool();
    if (pool.files().Find(pool.names().Resolve(kDatabaseNames[i]).value()) == nullptr) {
      Settle(i, {});
      continue;
    }
    SimulatedConnection reader;
    reader.main = i;
    int code =
        sqlite3_open_v2(Path(i).c_str(), &reader.db, SQLITE_OPEN_READWRITE, pool_->vfs_name());
    if (code == SQLITE_OK) code = AddPayloadFunction(reader.db);
    if (Accept(code, "opening " + Path(i))) {
      ReadThrough(reader, i);
      const std::string integrity = CheckIntegrity(reader.db, "main");
      if (integrity != "ok" && !expects_failure()) Fail(Path(i) + " integrity_check: " + integrity);
    }
    sqlite3_close_v2(reader.db);
  }
}

}  // namespace sahpool::testing
