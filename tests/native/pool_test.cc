// What a pool does with its slots when nothing fails.
#include "pool/pool.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "pool_on_disk.h"

namespace sahpool::testing {
namespace {

using Log = std::vector<std::string>;

Bytes Filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

struct PoolTest : ::testing::Test {
  void AddFreeSlots(int count) {
    for (int i = 0; i < count; ++i) {
      disk.AddSlot("free" + std::to_string(i), Bytes(kSlotDataOffset));
    }
  }
  void Start() {
    const Status status = pool.Start();
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_TRUE(pool.pool().order().Settle().ok());
    disk.log.clear();
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
};

TEST_F(PoolTest, CreatesFilesUntilItIsFull) {
  AddFreeSlots(2);
  Start();
  ASSERT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
  ASSERT_TRUE(pool.pool().Create(Resolved("b"), kJournalFlags).ok());
  const auto third = pool.pool().Create(Resolved("c"), kDatabaseFlags);
  EXPECT_EQ(third.status().code(), Code::kNoFreeSlot);
  EXPECT_EQ(pool.Names(), (Log{"/a", "/b"}));
  EXPECT_EQ(pool.pool().files().free_count(), 0);
}

TEST_F(PoolTest, CreatesNoFileTwice) {
  AddFreeSlots(2);
  Start();
  ASSERT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
  EXPECT_EQ(pool.pool().Create(Resolved("x/../a"), kDatabaseFlags).status().code(), Code::kExists);
}

TEST_F(PoolTest, MakesANewNameDurableWithOneHeaderWrite) {
  AddFreeSlots(1);
  Start();
  ASSERT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
  EXPECT_EQ(disk.log, (Log{"write free0 0+524", "flush free0"}));
}

TEST_F(PoolTest, KeepsFilesAcrossRestarts) {
  AddFreeSlots(3);
  Start();
  File& file = *pool.pool().Create(Resolved("a b"), kDatabaseFlags).value();
  ASSERT_TRUE(file.Write(Filled(5000, 7), 100).ok());
  ASSERT_TRUE(file.Sync().ok());

  PoolOnDisk restarted(disk);
  ASSERT_TRUE(restarted.Start().ok());
  EXPECT_EQ(restarted.Names(), (Log{"/a%20b"}));
  EXPECT_EQ(restarted.Find("a b")->slot().flags(), kDatabaseFlags);
  EXPECT_EQ(restarted.Find("a b")->size(), 5100);
  Bytes content(5100);
  ASSERT_TRUE(restarted.Find("a b")->Read(content, 0).ok());
  Bytes expected = Filled(5100, 7);
  std::fill_n(expected.begin(), 100, std::byte{0});
  EXPECT_EQ(content, expected);
}

TEST_F(PoolTest, ASecondFlushCostsNothing) {
  AddFreeSlots(1);
  Start();
  File& file = *pool.pool().Create(Resolved("a"), kDatabaseFlags).value();
  disk.log.clear();
  ASSERT_TRUE(file.Sync().ok());
  EXPECT_EQ(disk.log, Log{});
}

TEST_F(PoolTest, DeletesAJournalAtOnceAndLeavesACleanSlot) {
  disk.AddSlot("s", SlotOf("/a-journal", kJournalFlags, Filled(3000, 1)));
  Start();
  ASSERT_TRUE(pool.pool().order().Delete(*pool.Find("a-journal")).ok());
  EXPECT_EQ(disk.log, (Log{"write s 0+524", "truncate s 4096", "flush s"}));
  EXPECT_TRUE(pool.pool().files().At(SlotState::kFree, 0)->slot().residue() == Residue::kNone);
  EXPECT_EQ(disk.bytes("s"), Bytes(kSlotDataOffset));
}

// Behind an empty header a database's bytes would look like a damaged file.
TEST_F(PoolTest, DeletesADatabasesBytesBeforeItEmptiesItsHeader) {
  disk.AddSlot("s", SlotOf("/a", kDatabaseFlags, MakeDatabase("a")));
  Start();
  ASSERT_TRUE(pool.pool().order().Delete(*pool.Find("a")).ok());
  EXPECT_EQ(disk.log, (Log{"write s 0+524", "flush s", "truncate s 4096", "flush s",
                           "write s 0+524", "flush s"}));
  EXPECT_EQ(disk.bytes("s"), Bytes(kSlotDataOffset));
  EXPECT_TRUE(pool.pool().files().At(SlotState::kFree, 0)->slot().residue() == Residue::kNone);
}

TEST_F(PoolTest, HasNoSlotOutsideOfTheirOrder) {
  AddFreeSlots(2);
  Start();
  EXPECT_NE(pool.pool().files().At(SlotState::kFree, 1), nullptr);
  for (const std::int32_t index : {-1, 2, std::numeric_limits<std::int32_t>::min(),
                                   std::numeric_limits<std::int32_t>::max()}) {
    EXPECT_EQ(pool.pool().files().At(SlotState::kFree, index), nullptr) << index;
  }
}

TEST_F(PoolTest, CleansASlotDurablyBeforeAnotherFileGetsIt) {
  AddFreeSlots(1);
  Start();
  File& file = *pool.pool().CreateTemporary(open_flag::kTransientDb).value();
  ASSERT_TRUE(file.Write(Filled(100, 1), 0).ok());
  ASSERT_TRUE(file.SetFree().ok());
  EXPECT_FALSE(file.slot().residue() == Residue::kNone);
  disk.log.clear();
  ASSERT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
  EXPECT_EQ(disk.log, (Log{"truncate free0 4096", "flush free0", "write free0 0+524", "flush free0",
                           "write free0 0+524", "flush free0"}));
}

TEST_F(PoolTest, FreesWhatIsLeftOfTemporaryFilesAtStart) {
  AddFreeSlots(1);
  disk.AddSlot("t", SlotOf("/t", 0x20e, MakeDatabase("temporary")));
  Bytes old = SlotOf("/t", 0x100e, Filled(2000, 3));
  MakeVersion1(old);
  disk.AddSlot("u", old);
  Start();
  EXPECT_EQ(pool.pool().files().free_count(), 3);
  EXPECT_EQ(disk.bytes("t"), Bytes(kSlotDataOffset));
  EXPECT_EQ(disk.bytes("u"), Bytes(kSlotDataOffset));
}

TEST_F(PoolTest, MakesSlotsOfAnySizeReady) {
  disk.AddSlot("empty");
  disk.AddSlot("short", Bytes(20));
  disk.AddSlot("header-only", Bytes(kSlotHeaderSize));
  disk.AddSlot("longer", Bytes(kSlotDataOffset + 10));
  Start();
  EXPECT_EQ(pool.pool().files().free_count(), 4);
  for (const char* name : {"empty", "short", "header-only", "longer"}) {
    EXPECT_EQ(disk.bytes(name), Bytes(kSlotDataOffset)) << name;
  }
}

TEST_F(PoolTest, TakesAFileThatHasOnlyAHeader) {
  Bytes slot = SlotOf("/a", kDatabaseFlags, {});
  slot.resize(kSlotHeaderSize);
  disk.AddSlot("s", slot);
  Start();
  ASSERT_NE(pool.Find("a"), nullptr);
  EXPECT_EQ(pool.Find("a")->size(), 0);
  ASSERT_TRUE(pool.Find("a")->Write(Filled(10, 1), 0).ok());
  EXPECT_EQ(disk.bytes("s").size(), std::size_t{kSlotDataOffset + 10});
}

TEST_F(PoolTest, ChangesNothingWhileAttaching) {
  AddFreeSlots(1);
  disk.AddSlot("empty");
  disk.AddSlot("t", SlotOf("/t", 0x20e, Filled(100, 1)));
  disk.AddSlot("u", SlotOf("unreachable", kDatabaseFlags, Filled(100, 1)));
  for (const std::string& name : disk.slot_names()) {
    ASSERT_TRUE(pool.pool().Attach(disk.Open(name), name).ok());
  }
  EXPECT_EQ(disk.log, Log{});
}

TEST_F(PoolTest, PreparesASlotThatIsAttachedLaterAtOnce) {
  Start();
  disk.AddSlot("new");
  ASSERT_TRUE(pool.pool().Attach(disk.Open("new"), "new").ok());
  EXPECT_EQ(disk.log, (Log{"truncate new 4096", "flush new"}));
  EXPECT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
}

TEST_F(PoolTest, DoesNotDeleteOrDetachWhatIsPinned) {
  disk.AddSlot("s", SlotOf("/a", kDatabaseFlags, MakeDatabase("a")));
  Start();
  File& file = *pool.Find("a");
  file.use().Pin();
  EXPECT_EQ(pool.pool().order().Delete(file).code(), Code::kBusy);
  EXPECT_EQ(pool.pool().order().DeleteDatabase(file).code(), Code::kBusy);
  EXPECT_EQ(pool.pool().Wipe().code(), Code::kBusy);
  EXPECT_EQ(pool.pool().DetachAll().code(), Code::kBusy);
  EXPECT_EQ(disk.log, Log{});
  file.use().Unpin();
  EXPECT_TRUE(pool.pool().DetachAll().ok());
  EXPECT_EQ(pool.pool().files().capacity(), 0);
  EXPECT_EQ(disk.log, Log{});
}

TEST_F(PoolTest, DeletesADatabaseWithItsJournals) {
  disk.AddSlot("s", SlotOf("/a", kDatabaseFlags, MakeDatabase("a")));
  disk.AddSlot("j", SlotOf("/a-journal", kJournalFlags, Filled(10, 1)));
  disk.AddSlot("w", SlotOf("/a-wal", kWalFlags, Filled(10, 1)));
  disk.AddSlot("o", SlotOf("/ab-wal", kWalFlags, Filled(10, 1)));
  Start();
  ASSERT_TRUE(pool.pool().order().DeleteDatabase(*pool.Find("a")).ok());
  EXPECT_EQ(pool.Names(), Log{"/ab-wal"});
  EXPECT_EQ(pool.pool().files().free_count(), 3);
}

TEST_F(PoolTest, WipeLeavesNothingButFreeSlots) {
  AddFreeSlots(1);
  disk.AddSlot("s", SlotOf("/a", kDatabaseFlags, MakeDatabase("a")));
  disk.AddSlot("j", SlotOf("/a-journal", kJournalFlags, Filled(10, 1)));
  Bytes damaged = SlotOf("/b", kDatabaseFlags, MakeDatabase("b"));
  damaged[3] ^= std::byte{1};
  disk.AddSlot("d", damaged);
  Start();
  ASSERT_TRUE(pool.pool().Wipe().ok());
  EXPECT_EQ(pool.pool().files().free_count(), 4);
  for (const std::string& name : disk.slot_names()) {
    EXPECT_EQ(disk.bytes(name), Bytes(kSlotDataOffset)) << name;
  }
}

// A database that a broken-off wipe leaves must have its journal still.
TEST_F(PoolTest, WipeEmptiesDatabasesBeforeTheirJournals) {
  for (const auto& [journal, database] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
    FaultDisk two;
    two.AddSlot(journal, SlotOf("/x-journal", kJournalFlags, Filled(10, 1)));
    two.AddSlot(database, SlotOf("/x", kDatabaseFlags, MakeDatabase("x")));
    PoolOnDisk wiped(two);
    ASSERT_TRUE(wiped.Start().ok());
    ASSERT_TRUE(wiped.pool().order().Settle().ok());
    two.log.clear();
    ASSERT_TRUE(wiped.pool().Wipe().ok());
    EXPECT_EQ(two.log.front(), std::string("write ") + database + " 0+524");
  }
}

TEST_F(PoolTest, GivesUpOnlyFreeSlots) {
  AddFreeSlots(1);
  disk.AddSlot("s", SlotOf("/a", kDatabaseFlags, MakeDatabase("a")));
  Start();
  EXPECT_EQ(pool.pool().RemoveFreeSlot()->slot().slot_name(), "free0");
  EXPECT_EQ(pool.pool().RemoveFreeSlot(), nullptr);
  EXPECT_EQ(pool.pool().files().capacity(), 1);
}

TEST_F(PoolTest, AsksForSlotsWhenFewAreFree) {
  AddFreeSlots(3);
  Start();
  pool.pool().KeepFree(2);
  EXPECT_EQ(pool.host().few_free_slots, 0);
  ASSERT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
  EXPECT_EQ(pool.host().few_free_slots, 0);
  ASSERT_TRUE(pool.pool().Create(Resolved("b"), kDatabaseFlags).ok());
  EXPECT_EQ(pool.host().few_free_slots, 1);
  ASSERT_TRUE(pool.pool().CreateTemporary(open_flag::kTransientDb).ok());
  EXPECT_EQ(pool.host().few_free_slots, 2);
}

TEST_F(PoolTest, TellsNamesApartThatTheUrlParserMerges) {
  AddFreeSlots(4);
  Start();
  for (const char* name : {"a", "a#1", "a?1", "a%231"}) {
    EXPECT_TRUE(pool.pool().Create(Resolved(name), kDatabaseFlags).ok()) << name;
  }
  EXPECT_EQ(pool.Names(), (Log{"/a", "/a#1", "/a%231", "/a?1"}));
}

}  // namespace
}  // namespace sahpool::testing
