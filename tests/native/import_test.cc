// Imports when nothing fails, and those that are refused.
#include "transfer/import.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

using Log = std::vector<std::string>;

struct ImportTest : ::testing::Test {
  void Start(const SlotBytes& slots) {
    disk = std::make_unique<FaultDisk>(slots);
    pool = std::make_unique<PoolOnDisk>(*disk);
    ASSERT_TRUE(pool->Start().ok());
    ASSERT_TRUE(pool->pool().order().Settle().ok());
    disk->log.clear();
  }
  void StartWithOld() {
    Start({{"a", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("old"))},
           {"b", Bytes(kSlotDataOffset)},
           {"c", Bytes(kSlotDataOffset)}});
  }
  std::unique_ptr<sahpool::Import> Begin(std::string_view name) {
    auto import = sahpool::Import::Begin(pool->pool(), Resolved(name));
    EXPECT_TRUE(import.ok()) << import.status().text();
    return std::move(import.value());
  }
  void ExpectOldAndTwoFreeSlots() {
    EXPECT_EQ(pool->Names(), Log{"/app.db"});
    EXPECT_EQ(DescribeFile(*pool, "app.db"), "old*10");
    EXPECT_EQ(pool->pool().files().free_count(), 2);
    ExpectAllSlotsAccountedFor(*pool, 3);
  }

  std::unique_ptr<FaultDisk> disk;
  std::unique_ptr<PoolOnDisk> pool;
};

TEST_F(ImportTest, BringsInADatabase) {
  Start({{"a", Bytes(kSlotDataOffset)}});
  const Bytes database = MakeDatabase("new");
  ASSERT_TRUE(pool->Import("dir/new.db", database).ok());
  EXPECT_EQ(pool->Names(), Log{"/dir/new.db"});
  EXPECT_EQ(pool->Find("dir/new.db")->slot().flags(), open_flag::kMainDb);
  EXPECT_EQ(pool->Export("dir/new.db").value(), database);
  EXPECT_EQ(DescribeFile(*pool, "dir/new.db"), "new*10");
  PoolOnDisk restarted(*disk);
  ASSERT_TRUE(restarted.Start().ok());
  EXPECT_EQ(DescribeFile(restarted, "dir/new.db"), "new*10");
}

TEST_F(ImportTest, ReplacesADatabaseInTheOrderThatIsSafe) {
  StartWithOld();
  const Bytes database = MakeDatabase("new", 2);
  auto import = Begin("app.db");
  ASSERT_TRUE(import->Write(database).ok());
  const std::string slot = disk->log.front().substr(6, 1);
  ASSERT_TRUE(import->Finish().ok());
  const Log expected = {
      // The slot says that it may be freed before it holds a byte,
      "write " + slot + " 0+524", "flush " + slot,
      // has all of them before it gets the name,
      "write " + slot + " 4096+" + std::to_string(database.size()), "write " + slot + " 4114+2",
      "flush " + slot, "write " + slot + " 0+524", "flush " + slot,
      // and has the name before the old one loses it.
      "write a 0+524", "flush a", "truncate a 4096", "flush a", "write a 0+524", "flush a"};
  EXPECT_EQ(disk->log, expected);
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*2");
  EXPECT_EQ(pool->pool().files().free_count(), 2);
}

TEST_F(ImportTest, LeavesTheOldDatabaseUntouchedUntilItIsFinished) {
  StartWithOld();
  const Bytes old = disk->bytes("a");
  auto import = Begin("app.db");
  ASSERT_TRUE(import->Write(MakeDatabase("new")).ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "old*10");
  EXPECT_EQ(disk->bytes("a"), old);
  EXPECT_EQ(pool->pool().files().free_count(), 1);
  import->Abort();
  EXPECT_EQ(disk->bytes("a"), old);
  ExpectOldAndTwoFreeSlots();
}

TEST_F(ImportTest, GivesItsSlotBackWhenItIsDropped) {
  StartWithOld();
  ASSERT_TRUE(Begin("app.db")->Write(MakeDatabase("new")).ok());
  ExpectOldAndTwoFreeSlots();
}

TEST_F(ImportTest, EndsOnlyOnce) {
  StartWithOld();
  auto import = Begin("app.db");
  ASSERT_TRUE(import->Write(MakeDatabase("new")).ok());
  ASSERT_TRUE(import->Finish().ok());
  EXPECT_EQ(import->Finish().code(), Code::kMisuse);
  EXPECT_EQ(import->Write(Bytes(10)).code(), Code::kMisuse);
  import->Abort();
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
}

// Otherwise what comes next would be taken for what did not arrive.
TEST_F(ImportTest, EndsWithAFailedWrite) {
  StartWithOld();
  const Bytes database = MakeDatabase("new");
  auto import = Begin("app.db");
  ASSERT_TRUE(import->Write(std::span(database).first(4096)).ok());
  disk->Arm({.code = Code::kFull});
  EXPECT_EQ(import->Write(std::span(database).subspan(4096, 1024)).code(), Code::kFull);
  disk->Disarm();
  EXPECT_EQ(import->Write(std::span(database).subspan(5120)).code(), Code::kMisuse);
  EXPECT_EQ(import->Finish().code(), Code::kMisuse);
  ExpectOldAndTwoFreeSlots();
}

TEST_F(ImportTest, NeedsAFreeSlot) {
  Start({{"a", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("old"))}});
  EXPECT_EQ(pool->Import("app.db", MakeDatabase("new")).code(), Code::kNoFreeSlot);
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "old*10");
}

TEST_F(ImportTest, RefusesWhatIsNoDatabase) {
  const Bytes whole = MakeDatabase("new");
  const auto changed = [&](std::size_t offset, int value) {
    Bytes bytes = whole;
    bytes.at(offset) = static_cast<std::byte>(value);
    return bytes;
  };
  const auto cut = [&](std::size_t size) {
    return Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
  };
  const std::pair<const char*, Bytes> cases[] = {
      {"nothing", {}},
      {"too small", cut(100)},
      {"only the magic", cut(16)},
      {"one byte short", cut(whole.size() - 1)},
      {"one page short", cut(whole.size() - 1024)},
      {"half", cut(whole.size() / 1024 / 2 * 1024)},
      {"other magic", changed(0, 's')},
      {"text", Bytes(4096, std::byte{'x'})},
      {"zeros", Bytes(4096)},
      {"impossible page size", changed(17, 1)},
  };
  for (const auto& [what, bytes] : cases) {
    SCOPED_TRACE(what);
    StartWithOld();
    const Status status = pool->Import("app.db", bytes);
    EXPECT_EQ(status.code(), Code::kNotADatabase);
    EXPECT_FALSE(status.text().empty());
    EXPECT_EQ(pool->Import("other.db", bytes).code(), Code::kNotADatabase);
    ExpectOldAndTwoFreeSlots();
    PoolOnDisk restarted(*disk);
    ASSERT_TRUE(restarted.Start().ok());
    EXPECT_EQ(DescribeFile(restarted, "app.db"), "old*10");
  }
}

TEST_F(ImportTest, OddSizeIsRefused) {
  StartWithOld();
  Bytes bytes = MakeDatabase("new");
  bytes.push_back(std::byte{0});
  EXPECT_EQ(pool->Import("app.db", bytes).code(), Code::kNotADatabase);
  ExpectOldAndTwoFreeSlots();
}

TEST_F(ImportTest, TurnsWalModeOff) {
  Start({{"a", Bytes(kSlotDataOffset)}});
  Bytes database = MakeDatabase("new");
  database[18] = database[19] = std::byte{2};
  ASSERT_TRUE(pool->Import("new.db", database).ok());
  Connection connection("new.db", pool->vfs().name());
  EXPECT_EQ(connection.Query("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(connection.Query("SELECT count(*) FROM t"), "10");
}

TEST_F(ImportTest, RefusesToReplaceADatabaseThatIsOpen) {
  StartWithOld();
  {
    Connection connection("app.db", pool->vfs().name());
    EXPECT_EQ(connection.Query("SELECT count(*) FROM t"), "10");
    EXPECT_EQ(pool->Import("app.db", MakeDatabase("new")).code(), Code::kBusy);
    EXPECT_EQ(connection.Query("SELECT count(*) FROM t"), "10");
    EXPECT_TRUE(pool->Import("another.db", MakeDatabase("new")).ok());
  }
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "old*10");
  EXPECT_TRUE(pool->Import("app.db", MakeDatabase("new")).ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
}

TEST_F(ImportTest, TwoOfOneNameGiveTheOneThatFinishesLast) {
  StartWithOld();
  auto first = Begin("app.db");
  auto second = Begin("x/../app.db");
  EXPECT_EQ(sahpool::Import::Begin(pool->pool(), Resolved("app.db")).status().code(),
            Code::kNoFreeSlot);
  ASSERT_TRUE(first->Write(MakeDatabase("first")).ok());
  ASSERT_TRUE(second->Write(MakeDatabase("second")).ok());
  ASSERT_TRUE(second->Finish().ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "second*10");
  ASSERT_TRUE(first->Finish().ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "first*10");
  EXPECT_EQ(pool->Names(), Log{"/app.db"});
  EXPECT_EQ(pool->pool().files().free_count(), 2);
}

TEST_F(ImportTest, LeavesNoJournalOfTheReplacedDatabase) {
  for (const SlotBytes& slots : {MakeHotPool("old"), MakeWalPool("old")}) {
    Start(slots);
    ASSERT_EQ(pool->pool().files().file_count(), 2);
    ASSERT_TRUE(pool->Import("app.db", MakeDatabase("new")).ok());
    EXPECT_EQ(pool->Names(), Log{"/app.db"});
    EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
    ExpectAllSlotsAccountedFor(*pool, 4);
  }
}

// Without its database it may be all that is left of some rows.
TEST_F(ImportTest, MovesAsideAJournalThatBelongsToNoDatabase) {
  const SlotBytes hot = MakeHotPool("old");
  Start({{"a", SlotNamed(hot, "/app.db-journal")}, {"b", Bytes(kSlotDataOffset)}});
  const Bytes journal = pool->Export("app.db-journal").value();
  ASSERT_TRUE(pool->Import("app.db", MakeDatabase("new")).ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
  EXPECT_EQ(pool->Names(), (Log{"/app.db", "/app.db-journal.duplicate-1"}));
  EXPECT_EQ(pool->Export("app.db-journal.duplicate-1").value(), journal);
}

// A backup must be able to take the place of what is broken.
TEST_F(ImportTest, ReplacesADatabaseWhoseWalIsOfAnother) {
  Start({{"a", SlotNamed(MakeWalPool("old"), "/app.db")},
         {"b", SlotNamed(MakeWalPool("other", 4096), "/app.db-wal")},
         {"c", Bytes(kSlotDataOffset)}});
  EXPECT_EQ(pool->Export("app.db").status().code(), Code::kCorrupt);
  ASSERT_TRUE(pool->Import("app.db", MakeDatabase("new")).ok());
  EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
  EXPECT_EQ(pool->Names(), (Log{"/app.db", "/app.db-wal.duplicate-1"}));
}

// It may be what the old database needs, and would be taken for the new one's.
TEST_F(ImportTest, WaitsForWhatIsToBecomeOfACompanionInQuarantine) {
  const SlotBytes hot = MakeHotPool("old");
  for (const bool has_old : {true, false}) {
    SCOPED_TRACE(has_old);
    Bytes damaged = SlotNamed(hot, "/app.db-journal");
    damaged[kSlotHeaderSize - 1] ^= std::byte{1};
    Start({{"a", has_old ? SlotNamed(hot, "/app.db") : Bytes(kSlotDataOffset)},
           {"b", damaged},
           {"c", Bytes(kSlotDataOffset)}});
    const Status refused = pool->Import("app.db", MakeDatabase("new"));
    EXPECT_EQ(refused.code(), Code::kCorrupt);
    EXPECT_NE(refused.text().find("recover or discard it first"), std::string_view::npos);
    EXPECT_EQ(pool->Names(), has_old ? Log{"/app.db"} : Log{});
    EXPECT_EQ(pool->pool().files().free_count(), has_old ? 1 : 2);
    EXPECT_TRUE(pool->Import("other.db", MakeDatabase("new")).ok());
    if (has_old) {
      ASSERT_TRUE(pool->pool().Recover("b", Resolved("app.db-journal")).ok());
      EXPECT_EQ(DescribeFile(*pool, "app.db"), "old*30");
    } else {
      ASSERT_TRUE(pool->pool().Discard("b").ok());
    }
    ASSERT_TRUE(pool->pool().order().DeleteDatabase(*pool->Find("other.db")).ok());
    ASSERT_TRUE(pool->Import("app.db", MakeDatabase("new")).ok());
    EXPECT_EQ(DescribeFile(*pool, "app.db"), "new*10");
  }
}

// The slot is the same; what is in it is not.
TEST_F(ImportTest, LeavesAnotherFileThatHasTakenTheTemporaryName) {
  for (const bool finishes : {true, false}) {
    Start({{"a", Bytes(kSlotDataOffset)}});
    auto import = Begin("app.db");
    ASSERT_TRUE(import->Write(MakeDatabase("new")).ok());
    ASSERT_TRUE(import->Stage(Resolved("check.db")).ok());
    ASSERT_TRUE(pool->pool().order().DeleteDatabase(*pool->Find("check.db")).ok());
    ASSERT_TRUE(pool->Import("check.db", MakeDatabase("other")).ok());
    if (finishes) {
      EXPECT_EQ(import->Finish().code(), Code::kBusy);
    } else {
      import->Abort();
    }
    EXPECT_EQ(pool->Names(), Log{"/check.db"});
    EXPECT_EQ(DescribeFile(*pool, "check.db"), "other*10");
  }
}

TEST_F(ImportTest, KeepsThePoolFromBeingDetachedOrWiped) {
  StartWithOld();
  const auto import = Begin("new.db");
  EXPECT_EQ(pool->pool().DetachAll().code(), Code::kBusy);
  EXPECT_EQ(pool->pool().Wipe().code(), Code::kBusy);
}

}  // namespace
}  // namespace sahpool::testing
