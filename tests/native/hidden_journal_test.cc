// Journals that SQLite takes for gone while the slot still has them, or a crash could bring them
// back: because a call that wrote them is said to have failed, or because nothing was written over
// them. What has become of the database since then stays.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "journal_seal_fixture.h"

namespace sahpool::testing {
namespace {

class HiddenJournalTest : public JournalSealTest {
 protected:
  // Of a connection that has given up before it wrote to it, as when memory runs out.
  void OpenAndCloseJournal() {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(pool.vfs().name());
    std::vector<std::max_align_t> memory(static_cast<std::size_t>(vfs->szOsFile));
    auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
    constexpr int kFlags = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE;
    ASSERT_EQ(vfs->xOpen(vfs, kJournalName.data(), file, kFlags, nullptr), SQLITE_OK);
    ASSERT_EQ(file->pMethods->xClose(file), SQLITE_OK);
  }
};

TEST_F(HiddenJournalTest, OneThatWasOnlyOpenedHidesTheOneBeforeFromNoCrash) {
  MakeOldDatabase();
  for (const std::string mode : {"memory", "wal"}) {
    SCOPED_TRACE(mode);
    Run("PRAGMA journal_mode=delete");
    MakeNew();
    Run("PRAGMA journal_mode=" + mode);
    OpenAndCloseJournal();
    Run("UPDATE t SET tag='newer'; PRAGMA wal_checkpoint");
    ExpectAfterEachCrash(disk, "newer*10");
  }
}

TEST_F(HiddenJournalTest, AnImportIsNotTakenBackByOneThatWasOnlyOpened) {
  MakeOldDatabase();
  MakeNew();
  OpenAndCloseJournal();
  connection.reset();
  ASSERT_TRUE(pool.Import("app.db", MakeDatabase("imported", 5)).ok());
  ExpectAfterEachCrash(disk, "imported*5");
}

struct LeavingWal {
  Fault fault;
  bool had_journal = false;  // which has left its slot retired
  bool is_closed = false;    // at last, so that no WAL is left that could mend it
};

// The connection stays in WAL mode, and goes on.
void ChangeAfterFailing(const std::string& mode, const LeavingWal& leaving, bool& has_hit) {
  FaultDisk disk;
  AddFreeSlots(disk, 5);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  ASSERT_TRUE(pool.Import("app.db", MakeDatabase("old")).ok());
  std::optional<Connection> connection(std::in_place, "app.db", pool.vfs().name());
  if (leaving.had_journal) ASSERT_EQ(connection->Execute("UPDATE t SET tag='oldish'"), SQLITE_OK);
  ASSERT_EQ(connection->Execute("PRAGMA journal_mode=wal; UPDATE t SET tag='new'"), SQLITE_OK);
  disk.Arm(leaving.fault);
  connection->Execute("PRAGMA journal_mode=" + mode);
  has_hit = disk.has_hit();
  disk.Disarm();
  // The database becomes longer.
  if (connection->Execute("INSERT INTO t VALUES('new', zeroblob(9000))") != SQLITE_OK) return;
  if (leaving.is_closed) connection.reset();
  ExpectAfterEachCrash(disk, "new*11");
}

using Mode = const char*;
using Call = std::optional<CallKind>;
class FailedChangeOfModeTest : public ::testing::TestWithParam<std::tuple<Mode, Call>> {};

TEST_P(FailedChangeOfModeTest, FromWalLeavesNoJournalForACrash) {
  const auto [mode, of] = GetParam();
  for (const Fault::Kind kind : {Fault::Kind::kError, Fault::Kind::kErrorAfterEffect}) {
    for (const bool persists : {false, true}) {
      for (const bool had_journal : {false, true}) {
        for (const bool is_closed : {false, true}) {
          bool has_hit = true;
          for (int nth = 1; has_hit && !HasFailure(); ++nth) {
            SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", call " +
                         std::to_string(nth) + (persists ? " and all later ones" : "") +
                         (had_journal ? ", after a journal" : "") + (is_closed ? ", closed" : ""));
            ChangeAfterFailing(mode,
                               {.fault = {.kind = kind, .nth = nth, .of = of, .persists = persists},
                                .had_journal = had_journal,
                                .is_closed = is_closed},
                               has_hit);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(To, FailedChangeOfModeTest,
                         ::testing::Combine(::testing::Values("delete", "truncate", "persist"),
                                            ::testing::Values(Call(), Call(CallKind::kWrite),
                                                              Call(CallKind::kFlush))));

}  // namespace
}  // namespace sahpool::testing
