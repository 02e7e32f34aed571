// Rollback journals of which a call has failed while they were begun, sealed or deleted: what
// SQLite takes for the journal afterwards is the journal, and what is committed stays.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/journal_header.h"
#include "journal_seal_fixture.h"
#include "journal_writer.h"

namespace sahpool::testing {
namespace {

constexpr std::array<const char*, 5> kJournalModes = {"delete", "truncate", "persist", "memory",
                                                      "wal"};

// As ForEachFault(), where a kind of fault may also never come to pass, and calls of one kind may
// go on failing alone.
void ForEachFaultThatHits(const std::function<bool(const Fault&)>& run) {
  const auto run_each_call = [&](Fault fault) {
    bool has_hit = true;
    for (fault.nth = 1; has_hit && !::testing::Test::HasFailure(); ++fault.nth) {
      SCOPED_TRACE("fault of kind " + std::to_string(static_cast<int>(fault.kind)) + " in call " +
                   std::to_string(fault.nth) + (fault.persists ? " and all later ones" : "") +
                   (fault.of ? " of kind " + std::to_string(static_cast<int>(*fault.of)) : ""));
      has_hit = run(fault);
    }
  };
  using Kind = Fault::Kind;
  for (const Kind kind : {Kind::kError, Kind::kErrorAfterHalf, Kind::kErrorAfterEffect}) {
    run_each_call({.kind = kind});
    run_each_call({.kind = kind, .persists = true});
    run_each_call({.kind = kind, .of = CallKind::kWrite, .persists = true});
  }
  run_each_call({.kind = Kind::kError, .of = CallKind::kFlush, .persists = true});
  run_each_call({.kind = Kind::kShort, .persists = true});
}

// Where a header is torn that could not be put back, nobody knows that its journal is not needed,
// and the export is refused until that is discarded.
Result<Bytes> ExportOf(PoolOnDisk& pool) {
  auto exported = pool.Export("app.db");
  const File* const torn = pool.pool().files().At(SlotState::kQuarantined, 0);
  if (exported.status().code() != Code::kCorrupt || torn == nullptr) return exported;
  EXPECT_TRUE(pool.pool().Discard(torn->slot().slot_name()).ok());
  return pool.Export("app.db");
}

void ExpectExportAfterEachCrash(const FaultDisk& disk, const Bytes& expected) {
  for (std::size_t i = 0; i < disk.crash_state_count(); ++i) {
    SCOPED_TRACE("crash state " + std::to_string(i));
    FaultDisk left(disk.CrashState(i));
    PoolOnDisk restarted(left);
    ASSERT_TRUE(restarted.Start().ok());
    const auto found = ExportOf(restarted);
    ASSERT_TRUE(found.ok()) << found.status().text();
    EXPECT_TRUE(found.value() == expected) << DescribeDatabase(found.value());
  }
}

// A slot that may be given to the next file as it is.
void ExpectCleanSlotsAreClean(PoolOnDisk& pool, FaultDisk& disk) {
  for (std::int32_t i = 0; const File* file = pool.pool().files().At(SlotState::kFree, i); ++i) {
    EXPECT_TRUE(file->journal().is_written());
    if (file->slot().residue() != Residue::kNone) continue;
    const Bytes& slot = disk.bytes(std::string(file->slot().slot_name()));
    EXPECT_EQ(slot.size(), kSlotDataOffset);
    EXPECT_EQ(HeaderOf(slot).kind, HeaderKind::kFree);
  }
}

// What SQLite writes before it changes the second page of the database.
Bytes JournalOf(const Bytes& database, bool is_complete) {
  constexpr std::uint32_t kPageSize = 1024;
  constexpr std::uint32_t kNonce = 99;
  JournalWriter writer(kPageSize, 4096);
  writer.Header(1, static_cast<std::uint32_t>(database.size() / kPageSize), kNonce).Record(2);
  Bytes& bytes = writer.bytes();
  const std::span page = std::span(bytes).subspan(4096 + 4, kPageSize);
  std::ranges::copy(std::span(database).subspan(kPageSize, kPageSize), page.begin());
  std::uint32_t checksum = kNonce;
  for (std::size_t i = kPageSize - 200; i < kPageSize; i -= 200) {
    checksum += std::to_integer<std::uint32_t>(page[i]);
  }
  StoreBigEndian32(bytes, bytes.size() - 4, checksum);
  if (!is_complete) std::fill_n(bytes.begin(), kJournalRecordCountOffset + 4, std::byte{0});
  return bytes;
}

// What happens to a journal of which nothing was handed over, before SQLite deletes it.
struct Ending {
  const char* name;
  bool is_complete;
  std::function<void(PoolOnDisk&, File&)> run;
};
void PrintTo(const Ending& ending, std::ostream* out) { *out << ending.name; }

std::vector<Ending> AllEndings() {
  const auto drain = [](PoolOnDisk& pool, File& file) {
    if (!file.Drain().ok()) pool.pool().order().OnFailedSync(file, file.kind());
    // As at the end of the transaction.
    file.ForgetKept();
  };
  const auto moving_aside = [](PoolOnDisk& pool, File&) {
    static_cast<void>(pool.pool().names().SettleCompanions(Resolved("app.db"), nullptr));
  };
  return {
      {"NoCall", false, [](PoolOnDisk&, File&) {}},
      {"Truncation", false, [](PoolOnDisk&, File& file) { static_cast<void>(file.Truncate(0)); }},
      {"ZerosOverItsHeader", false,
       [](PoolOnDisk&, File& file) {
         static_cast<void>(file.Write(Bytes(kJournalHeaderFieldsSize), 0));
       }},
      {"MovingAside", false, moving_aside},
      {"HandingOver", false, [](PoolOnDisk&, File& file) { static_cast<void>(file.Drain()); }},
      {"HandingOverAndGivingUp", false, drain},
      {"HandingOverCompleteAndGivingUp", true, drain}};
}

class FailedDeletionTest : public ::testing::TestWithParam<Ending> {
 protected:
  static constexpr int kSlots = 4;

  // A quota counts from when the journal has been written.
  void DeleteUnder(Fault fault, bool had_journal, bool& has_hit) {
    FaultDisk disk;
    AddFreeSlots(disk, kSlots);
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    ASSERT_TRUE(pool.Import("app.db", old_).ok());
    Connection connection("app.db", pool.vfs().name());
    if (had_journal) ASSERT_EQ(connection.Execute("UPDATE t SET tag='odd'"), SQLITE_OK);
    const Bytes before = pool.Export("app.db").value();

    File& journal = *pool.pool().Create(Resolved(kJournalName), open_flag::kMainJournal).value();
    journal.Open();
    const Bytes bytes = JournalOf(before, GetParam().is_complete);
    ASSERT_TRUE(pool.pool().order().BeginWrite(journal, 0, FileKind::kJournal).ok());
    ASSERT_TRUE(journal.Write(bytes, 0).ok());
    if (fault.quota) *fault.quota += disk.total_size();
    disk.Arm(fault);
    GetParam().run(pool, journal);
    const bool was_incomplete = journal.journal().is_incomplete();
    const bool is_deleted = pool.pool().order().Delete(journal).ok();
    has_hit = disk.has_hit();
    disk.Disarm();

    if (is_deleted) EXPECT_EQ(pool.Find(kJournalName), nullptr);
    if (was_incomplete) {
      EXPECT_TRUE(journal.bytes().kept().empty());
      EXPECT_EQ(journal.size(), 0);
    }
    ExpectCleanSlotsAreClean(pool, disk);
    ExpectExportAfterEachCrash(disk, before);
    EXPECT_TRUE(pool.Export("app.db").value() == before);

    // In whichever journal mode the next transaction is.
    const std::string mode = kJournalModes.at(runs_++ % kJournalModes.size());
    SCOPED_TRACE("then in journal mode " + mode);
    ASSERT_EQ(connection.Execute("PRAGMA journal_mode=" + mode), SQLITE_OK);
    ASSERT_EQ(connection.Execute("UPDATE t SET tag='new'"), SQLITE_OK);
    EXPECT_EQ(connection.Query("SELECT DISTINCT tag FROM t"), "new");
    ExpectExportAfterEachCrash(disk, pool.Export("app.db").value());
    ExpectCleanSlotsAreClean(pool, disk);
    ExpectAllSlotsAccountedFor(pool, kSlots);
  }

 private:
  const Bytes old_ = MakeDatabase("old", 2);
  std::size_t runs_ = 0;
};

TEST_P(FailedDeletionTest, LeavesNothingOfAJournalThatWasNotHandedOver) {
  for (const bool had_journal : {false, true}) {
    SCOPED_TRACE(had_journal ? "after a journal" : "in a clean slot");
    ForEachFaultThatHits([&](const Fault& fault) {
      bool has_hit = false;
      DeleteUnder(fault, had_journal, has_hit);
      return has_hit;
    });
  }
}

TEST_P(FailedDeletionTest, LeavesNothingOfAJournalThatFoundNoRoom) {
  for (const bool had_journal : {false, true}) {
    for (const Fault::Kind kind :
         {Fault::Kind::kError, Fault::Kind::kNothing, Fault::Kind::kShort}) {
      for (const std::int64_t room : {0, 600, 2000, 4200}) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", room for " +
                     std::to_string(room) + (had_journal ? ", after a journal" : ""));
        bool has_hit = false;
        DeleteUnder({.kind = kind, .code = Code::kFull, .persists = true, .quota = room},
                    had_journal, has_hit);
        if (HasFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(After, FailedDeletionTest, ::testing::ValuesIn(AllEndings()),
                         [](const auto& it) { return std::string(it.param.name); });

// The same as SQLite ends a transaction of which nothing was handed over, and then leaves the mode
// in which that has failed.
void RollBackUnder(const Fault& fault, const std::string& settings, bool& has_hit) {
  FaultDisk disk;
  AddFreeSlots(disk, 4);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  static const Bytes old = MakeDatabase("old", 2);
  ASSERT_TRUE(pool.Import("app.db", old).ok());
  const Bytes before = pool.Export("app.db").value();
  Connection connection("app.db", pool.vfs().name());
  ASSERT_EQ(connection.Execute(settings + "; BEGIN; UPDATE t SET tag='lost'"), SQLITE_OK);
  disk.Arm(fault);
  connection.Execute("ROLLBACK");
  connection.Execute("PRAGMA locking_mode=normal; PRAGMA journal_mode=delete; SELECT * FROM t");
  has_hit = disk.has_hit();
  disk.Disarm();
  ExpectExportAfterEachCrash(disk, before);
  EXPECT_EQ(connection.Query("SELECT DISTINCT tag FROM t"), "old");
  ASSERT_EQ(connection.Execute("UPDATE t SET tag='new'"), SQLITE_OK);
  ExpectExportAfterEachCrash(disk, pool.Export("app.db").value());
  EXPECT_EQ(connection.Query("SELECT DISTINCT tag FROM t"), "new");
  ExpectCleanSlotsAreClean(pool, disk);
}

TEST(FailedRollbackTest, LeavesNothingOfAJournalThatWasNotHandedOver) {
  for (const char* modes :
       {"journal_mode=truncate", "journal_mode=persist", "locking_mode=exclusive",
        "locking_mode=exclusive; PRAGMA journal_mode=persist"}) {
    SCOPED_TRACE(modes);
    ForEachFaultThatHits([&](const Fault& fault) {
      bool has_hit = false;
      RollBackUnder(fault, std::string("PRAGMA ") + modes, has_hit);
      return has_hit;
    });
  }
}

// --- A journal that goes on behind its seal, over what a longer one has left. ---

// One that SQLite has written, in several parts, and the database that it makes "old*30" again.
struct HotJournal {
  HotJournal() {
    const SlotBytes slots = MakeHotPool("old");
    const Bytes& slot = SlotNamed(slots, kJournalName);
    database = SlotNamed(slots, "/app.db");
    bytes.assign(slot.begin() + kSlotDataOffset, slot.end());
    const std::span<const std::byte> all = bytes;
    do {
      first_part += FaultDisk::kSectorSize;
    } while (!HasJournalMagic(all.subspan(first_part)));
  }

  Bytes database;  // its slot
  Bytes bytes;
  std::size_t first_part = 0;  // where the second one begins
};

class FailedCutTest : public ::testing::Test {
 protected:
  // The first part is sealed, and the rest is kept back.
  File& MakeJournal(PoolOnDisk& pool) const {
    const std::span<const std::byte> bytes = hot_.bytes;
    File& longer = *pool.pool().Create(Resolved(kJournalName), open_flag::kMainJournal).value();
    longer.Open();
    Bytes other(2 * bytes.size(), std::byte{7});
    EXPECT_TRUE(longer.Write(other, 0).ok());
    EXPECT_TRUE(longer.Sync().ok());
    EXPECT_TRUE(longer.SetFree(Deletion::kMayComeBack).ok());
    File& journal = *pool.pool().Create(Resolved(kJournalName), open_flag::kMainJournal).value();
    EXPECT_EQ(&journal, &longer);
    journal.Open();
    EXPECT_TRUE(journal.Write(bytes.first(hot_.first_part), 0).ok());
    EXPECT_TRUE(journal.Sync().ok());
    EXPECT_TRUE(journal.journal().is_sealed());
    EXPECT_GT(journal.slot().medium().size(), kSlotDataOffset + journal.size());
    const auto end = static_cast<std::int64_t>(hot_.first_part);
    EXPECT_TRUE(journal.Write(bytes.subspan(hot_.first_part), end).ok());
    return journal;
  }

  void ExpectRolledBack(PoolOnDisk& pool, const char* mode) const {
    Connection connection("app.db", pool.vfs().name());
    connection.Execute(std::string("PRAGMA journal_mode=") + mode);
    EXPECT_EQ(connection.Query("SELECT tag, count(*) FROM t GROUP BY tag"), "old|30");
    EXPECT_EQ(connection.Query("PRAGMA integrity_check"), "ok");
  }

  const HotJournal hot_;
};

TEST_F(FailedCutTest, IsNotTakenForTheEndOfTheJournal) {
  int had_failed_cut = 0;
  std::size_t runs = 0;
  for (const bool is_repeated : {false, true}) {
    ForEachFault([&](const Fault& fault) {
      FaultDisk disk({{"db", hot_.database}, {"j", Bytes(kSlotDataOffset)}});
      PoolOnDisk pool(disk);
      EXPECT_TRUE(pool.Start().ok());
      File& journal = MakeJournal(pool);
      disk.log.clear();
      disk.Arm(fault);
      const bool is_drained = journal.Drain().ok();
      disk.Disarm();
      had_failed_cut += !is_drained && disk.log.size() == 1 ? 1 : 0;
      if (is_drained || is_repeated) {
        EXPECT_TRUE(journal.Sync().ok());
        for (std::size_t i = 0; i < disk.crash_state_count(); ++i) {
          EXPECT_EQ(SlotNamed(disk.CrashState(i), kJournalName).size(),
                    kSlotDataOffset + hot_.bytes.size());
        }
      }
      EXPECT_EQ(journal.size(), std::ssize(hot_.bytes));
      Bytes found(hot_.bytes.size());
      EXPECT_TRUE(journal.bytes().Read(found, 0).ok());
      EXPECT_TRUE(found == hot_.bytes);
      ExpectRolledBack(pool, kJournalModes.at(runs++ % kJournalModes.size()));
      return disk.has_hit() && !HasFailure();
    });
  }
  EXPECT_GT(had_failed_cut, 10);
}

}  // namespace
}  // namespace sahpool::testing
