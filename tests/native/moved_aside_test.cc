// Files that lose their name, or keep it against another one, while bytes of them are kept back: on
// the disk these come before whatever relies on the name, whichever call fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal_writer.h"
#include "pool_on_disk.h"
#include "wal_writer.h"

namespace sahpool::testing {
namespace {

constexpr std::int64_t kKeptOffset = 4096;

// A journal or a WAL without its database, as a connection leaves it that has closed it before a
// flush. `flushed` was flushed before, and what is behind it is kept back.
struct Orphan {
  const char* name;
  std::uint32_t flags;
  Bytes bytes;
  std::size_t flushed = 0;

  const char* suffix() const { return flags == open_flag::kWal ? "-wal" : "-journal"; }
};
void PrintTo(const Orphan& orphan, std::ostream* out) { *out << orphan.name; }

std::vector<Orphan> AllOrphans() {
  const Bytes incomplete = JournalWriter().Header(0, 9).Record(1).Record(2).bytes();
  const Bytes complete = JournalWriter().Header(2, 9).Record(1).Record(2).bytes();
  const Bytes goes_on =
      JournalWriter().Header(2, 9).Record(1).Record(2).Header(1, 9).Record(3).bytes();
  const std::size_t first_part = complete.size();
  const Bytes wal = WalWriter().Frame(1).Frame(2).bytes();
  return {{"IncompleteJournal", open_flag::kMainJournal, incomplete},
          {"CompleteJournal", open_flag::kMainJournal, complete},
          {"JournalThatGoesOnBehindItsSeal", open_flag::kMainJournal, goes_on, first_part},
          {"Wal", open_flag::kWal, wal},
          {"WalThatGoesOn", open_flag::kWal, wal, 32}};
}

class MovedAsideTest : public ::testing::TestWithParam<Orphan> {
 protected:
  const std::string name = std::string("/app.db") + GetParam().suffix();
  const std::string new_name = name + ".duplicate-1";

  File& MakeOrphan(PoolOnDisk& pool) const {
    const std::span<const std::byte> bytes = GetParam().bytes;
    const std::size_t flushed = GetParam().flushed;
    File& file = *pool.pool().Create(Resolved(name), GetParam().flags).value();
    file.Open();
    if (flushed > 0) {
      EXPECT_TRUE(file.Write(bytes.first(flushed), 0).ok());
      EXPECT_TRUE(pool.pool().order().MakeDurable(file).ok());
    }
    const auto end = static_cast<std::int64_t>(flushed);
    EXPECT_TRUE(pool.pool().order().BeginWrite(file, end, file.kind()).ok());
    EXPECT_TRUE(file.Write(bytes.subspan(flushed), end).ok());
    EXPECT_FALSE(file.bytes().kept().empty());
    return file;
  }

  // A WAL may end with zeros.
  void ExpectWhole(File& file) const {
    Bytes found(GetParam().bytes.size());
    ASSERT_GE(file.size(), std::ssize(found));
    ASSERT_TRUE(file.bytes().Read(found, 0).ok());
    EXPECT_TRUE(found == GetParam().bytes);
  }

  void ExpectWholeAfterEachCrash(const FaultDisk& disk, std::string_view under) const {
    for (std::size_t i = 0; i < disk.crash_state_count(); ++i) {
      SCOPED_TRACE("crash state " + std::to_string(i));
      FaultDisk left(disk.CrashState(i));
      PoolOnDisk restarted(left);
      ASSERT_TRUE(restarted.Start().ok());
      ASSERT_NE(restarted.Find(under), nullptr);
      ExpectWhole(*restarted.Find(under));
      EXPECT_TRUE(restarted.Export("/beside.db").value() == beside);
    }
  }

  // Whether the import succeeds or not, the orphan has all of its bytes, under whichever name.
  void ImportOver(const std::function<void(FaultDisk&)>& arm, bool& has_hit) {
    FaultDisk disk({{"beside", SlotOf("/beside.db", kDatabaseFlags, beside)}});
    AddFreeSlots(disk, 3);
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    File& file = MakeOrphan(pool);
    arm(disk);
    const Status imported = pool.Import("app.db", database);
    has_hit = disk.has_hit();
    disk.Disarm();
    ExpectWhole(file);
    if (!imported.ok()) {
      // A flush makes good what the failure has left.
      ASSERT_TRUE(pool.pool().order().MakeDurable(file).ok());
    } else {
      EXPECT_EQ(file.slot().name().view(), new_name);
      EXPECT_TRUE(pool.Export("app.db").value() == database);
    }
    ExpectWholeAfterEachCrash(disk, file.slot().name().view());
    if (imported.ok()) return;
    EXPECT_TRUE(pool.Import("app.db", database).ok());
    EXPECT_EQ(file.slot().name().view(), new_name);
    ExpectWholeAfterEachCrash(disk, new_name);
  }

  const Bytes beside = MakeDatabase("beside", 1);
  const Bytes database = MakeDatabase("imported", 1);
};

TEST_P(MovedAsideTest, TakesWithItWhatIsKeptBackWhicheverCallFails) {
  ForEachFault([&](const Fault& fault) {
    bool has_hit = false;
    ImportOver([&](FaultDisk& disk) { disk.Arm(fault); }, has_hit);
    return has_hit && !HasFailure();
  });
}

TEST_P(MovedAsideTest, TakesWithItWhatIsKeptBackWhenTheDiskIsFull) {
  int hits = 0;
  for (const Fault::Kind kind : {Fault::Kind::kError, Fault::Kind::kNothing, Fault::Kind::kShort}) {
    for (std::int64_t room = 0; room < 8000; room += 500) {
      SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", room for " +
                   std::to_string(room));
      bool has_hit = false;
      ImportOver(
          [&](FaultDisk& disk) {
            disk.Arm({.kind = kind,
                      .code = Code::kFull,
                      .persists = true,
                      .quota = disk.total_size() + room});
          },
          has_hit);
      hits += has_hit ? 1 : 0;
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(hits, 3);
}

INSTANTIATE_TEST_SUITE_P(All, MovedAsideTest, ::testing::ValuesIn(AllOrphans()),
                         [](const auto& it) { return it.param.name; });

// A database of which all but the beginning is kept back, though nobody has it open.
File& MakeKeptDatabase(PoolOnDisk& pool, const Bytes& bytes) {
  File& file = *pool.Find("app.db");
  file.Open();
  EXPECT_TRUE(pool.pool().order().BeginWrite(file, kKeptOffset, file.kind()).ok());
  EXPECT_TRUE(file.Write(std::span(bytes).subspan(kKeptOffset), kKeptOffset).ok());
  EXPECT_FALSE(file.bytes().kept().empty());
  return file;
}

Bytes Beginning(const Bytes& bytes) { return {bytes.begin(), bytes.begin() + kKeptOffset}; }

void ExpectOneOfAfterEachCrash(const FaultDisk& disk, std::initializer_list<Bytes> allowed) {
  for (std::size_t i = 0; i < disk.crash_state_count(); ++i) {
    SCOPED_TRACE("crash state " + std::to_string(i));
    FaultDisk left(disk.CrashState(i));
    PoolOnDisk restarted(left);
    ASSERT_TRUE(restarted.Start().ok());
    ASSERT_NE(restarted.Find("app.db"), nullptr);
    const Bytes found = restarted.Export("app.db").value();
    EXPECT_TRUE(std::ranges::find(allowed, found) != allowed.end()) << DescribeDatabase(found);
  }
}

// Once both have had the name, one of them is whole under it.
TEST(KeptBackTest, ADatabaseIsWholeThatTakesItsNameBackFromAnImport) {
  const Bytes old = MakeDatabase("old");
  const Bytes imported = MakeDatabase("imported", 1);
  int had_name_taken_back = 0;
  int had_broken_takeover = 0;
  for (const auto of : {std::optional<CallKind>(), std::optional(CallKind::kFlush)}) {
    ForEachFault([&](Fault fault) {
      fault.of = of;
      FaultDisk disk({{"a", SlotOf("/app.db", kDatabaseFlags, Beginning(old))},
                      {"b", Bytes(kSlotDataOffset)}});
      PoolOnDisk pool(disk);
      EXPECT_TRUE(pool.Start().ok());
      MakeKeptDatabase(pool, old);
      bool have_both_the_name = false;
      disk.before_change = [&] { have_both_the_name |= pool.Names().size() == 2; };
      disk.Arm(fault);
      const Status status = pool.Import("app.db", imported);
      disk.Disarm();
      disk.before_change = nullptr;
      if (!status.ok() && have_both_the_name) {
        const bool is_broken = pool.pool().files().quarantined_count() > 0;
        ++(is_broken ? had_broken_takeover : had_name_taken_back);
        if (!is_broken) ExpectOneOfAfterEachCrash(disk, {old, imported});
        EXPECT_TRUE(pool.pool().order().Settle().ok());
        EXPECT_EQ(pool.pool().files().quarantined_count(), 0);
        ExpectOneOfAfterEachCrash(disk, {old});
      }
      return disk.has_hit() && !::testing::Test::HasFailure();
    });
  }
  EXPECT_GT(had_name_taken_back, 2);
  EXPECT_GT(had_broken_takeover, 2);
}

TEST(KeptBackTest, AFileIsWholeThatKeepsANameWhichAnotherSlotClaims) {
  const Bytes old = MakeDatabase("old");
  FaultDisk disk({{"a", SlotOf("/app.db", kDatabaseFlags, Beginning(old))}});
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.pool().Attach(disk.Open("a"), "a").ok());
  MakeKeptDatabase(pool, old);
  disk.AddSlot("b", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("other")));
  ASSERT_TRUE(pool.pool().Attach(disk.Open("b"), "b").ok());
  ASSERT_TRUE(pool.pool().Start().ok());
  EXPECT_EQ(pool.Names(), (std::vector<std::string>{"/app.db", "/app.db.duplicate-1"}));
  ExpectOneOfAfterEachCrash(disk, {old});
}

}  // namespace
}  // namespace sahpool::testing
