// Imports that the host fails, or that die with their worker, at every call: under the name is
// either the old database or the new one, whole, and no slot is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>

#include "pool_on_disk.h"

namespace sahpool::testing {
namespace {

struct Replaced {
  const char* name;
  SlotBytes slots;
  std::string old;  // what is committed; empty when there is none
};
void PrintTo(const Replaced& replaced, std::ostream* out) { *out << replaced.name; }

std::vector<Replaced> AllReplaced() {
  const Bytes free(kSlotDataOffset);
  const SlotBytes hot = MakeHotPool("old");
  return {
      {"NoDatabase", {{"a", free}, {"b", free}}, ""},
      {"Database",
       {{"a", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("old"))}, {"b", free}, {"c", free}},
       "old*10"},
      {"DatabaseInALaterSlot",
       {{"a", free}, {"b", free}, {"z", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("old"))}},
       "old*10"},
      {"EmptyDatabase", {{"a", SlotOf("/app.db", kDatabaseFlags, {})}, {"b", free}}, ""},
      {"DatabaseWithHotJournal", hot, "old*30"},
      {"DatabaseWithWal", MakeWalPool("old"), "old*2"},
      {"JournalWithoutDatabase",
       {{"a", SlotNamed(hot, "/app.db-journal")}, {"b", free}, {"c", free}},
       ""}};
}

class FaultyImport : public ::testing::TestWithParam<Replaced> {
 protected:
  int capacity() const { return static_cast<int>(GetParam().slots.size()); }

  // What may be under the name: the old content or the new one.
  void ExpectOldOrNew(PoolOnDisk& pool) {
    const File* const file = pool.Find("app.db");
    if (file == nullptr || file->size() == 0) {
      EXPECT_EQ(GetParam().old, "");
    } else if (const std::string content = DescribeFile(pool, "app.db"); content != "new*20") {
      EXPECT_EQ(content, GetParam().old);
    }
  }

  void ExpectImportWorks(PoolOnDisk& pool) {
    const Status status = pool.Import("app.db", database);
    EXPECT_TRUE(status.ok()) << status.text();
    EXPECT_EQ(DescribeFile(pool, "app.db"), "new*20");
  }

  const Bytes database = MakeDatabase("new", 20);
};

TEST_P(FaultyImport, LeavesTheOldDatabaseOrTheNewOne) {
  Status status;
  ForEachFault(
      GetParam().slots, [&](PoolOnDisk& pool) { status = pool.Import("app.db", database); },
      [&](PoolOnDisk& pool, FaultDisk& disk) {
        ExpectAllSlotsAccountedFor(pool, capacity());
        // As it would be without another change, and after a crash that loses all it can.
        for (std::size_t state = 0; state < std::min<std::size_t>(2, disk.crash_state_count());
             ++state) {
          FaultDisk copy(disk.CrashState(state));
          PoolOnDisk restarted(copy);
          ASSERT_TRUE(restarted.Start().ok());
          ExpectAllSlotsAccountedFor(restarted, capacity());
          // A header that was torn and could not be put back may have been the old one's.
          if (restarted.pool().files().At(SlotState::kQuarantined, 0) == nullptr) {
            ExpectOldOrNew(restarted);
          }
        }
        ExpectOldOrNew(pool);
        if (status.ok()) {
          EXPECT_EQ(DescribeFile(pool, "app.db"), "new*20");
        }
        ExpectImportWorks(pool);
        // What an import that failed halfway had to keep is gone now.
        EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
        ExpectAllSlotsAccountedFor(pool, capacity());
        PoolOnDisk restarted(disk);
        ASSERT_TRUE(restarted.Start().ok());
        EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*20");
      });
}

TEST_P(FaultyImport, LeavesTheOldDatabaseOrTheNewOneAfterACrash) {
  ForEachCrash(
      GetParam().slots,
      [&](PoolOnDisk& pool) { ASSERT_TRUE(pool.Import("app.db", database).ok()); },
      [&](PoolOnDisk& pool) {
        EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
        ExpectAllSlotsAccountedFor(pool, capacity());
        ExpectOldOrNew(pool);
        if (pool.Find("app.db.duplicate-1") != nullptr) {
          // A crash between the two header writes: both are there.
          const std::set<std::string> contents = {DescribeFile(pool, "app.db"),
                                                  DescribeFile(pool, "app.db.duplicate-1")};
          EXPECT_EQ(contents, (std::set{GetParam().old, std::string("new*20")}));
        } else {
          ExpectImportWorks(pool);
        }
      });
}

// Aborted, the import leaves all as it was.
TEST_P(FaultyImport, LeavesNothingBehindWhenItIsRefused) {
  const Bytes refused(4096, std::byte{'x'});
  ForEachFault(
      GetParam().slots,
      [&](PoolOnDisk& pool) { EXPECT_FALSE(pool.Import("app.db", refused).ok()); },
      [&](PoolOnDisk& pool, FaultDisk&) {
        ExpectAllSlotsAccountedFor(pool, capacity());
        EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
        ExpectOldOrNew(pool);
        ExpectImportWorks(pool);
      });
}

INSTANTIATE_TEST_SUITE_P(All, FaultyImport, ::testing::ValuesIn(AllReplaced()),
                         [](const auto& it) { return it.param.name; });

}  // namespace
}  // namespace sahpool::testing
