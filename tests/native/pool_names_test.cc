// Names that are settled at start: those that no open could reach, and those that two slots claim.
#include <gtest/gtest.h>

#include <string>

#include "pool_on_disk.h"

namespace sahpool::testing {
namespace {

using Names = std::vector<std::string>;

Bytes Database(std::string_view stored_name, std::string_view tag) {
  return SlotOf(stored_name, kDatabaseFlags, MakeDatabase(tag));
}

struct PoolNames : ::testing::Test {
  // `slots` started, once more to see that it is settled.
  void Start(const SlotBytes& slots) {
    disk = std::make_unique<FaultDisk>(slots);
    pool = std::make_unique<PoolOnDisk>(*disk);
    const Status status = pool->Start();
    ASSERT_TRUE(status.ok()) << status.text();
    disk->log.clear();
    PoolOnDisk again(*disk);
    ASSERT_TRUE(again.Start().ok());
    // The keeper of a name that two had is flushed again.
    std::erase_if(disk->log, [](const std::string& entry) { return entry.starts_with("flush "); });
    EXPECT_EQ(disk->log, Names());
    EXPECT_EQ(again.Names(), pool->Names());
    ExpectAllSlotsAccountedFor(*pool, static_cast<int>(slots.size()));
  }

  std::unique_ptr<FaultDisk> disk;
  std::unique_ptr<PoolOnDisk> pool;
};

TEST_F(PoolNames, ReachableOnesStay) {
  Start({{"a", Database("/a|b", "bar")},
         {"b", Database("/c%20d", "blank")},
         {"c", Database("/e#f?g", "hash")},
         {"d", SlotOf("/a|b-journal", kJournalFlags, {})}});
  EXPECT_EQ(pool->Names(), (Names{"/a|b", "/a|b-journal", "/c%20d", "/e#f?g"}));
  EXPECT_TRUE(pool->host().messages.empty());
}

// The official importDb() stores a name as it is given.
TEST_F(PoolNames, UnreachableOnesAreResolved) {
  Start({{"a", Database("my.db", "mine")},
         {"b", Database("/x^y", "caret")},
         {"c", Database("/p q/../r s", "blank")}});
  EXPECT_EQ(pool->Names(), (Names{"/my.db", "/r%20s", "/x%5Ey"}));
  EXPECT_EQ(DescribeFile(*pool, "my.db"), "mine*10");
  EXPECT_EQ(DescribeFile(*pool, "x^y"), "caret*10");
  EXPECT_EQ(DescribeFile(*pool, "r s"), "blank*10");
  EXPECT_EQ(pool->host().messages.size(), 3U);
}

TEST_F(PoolNames, AreResolvedAsTheDialectSays) {
  disk = std::make_unique<FaultDisk>(
      SlotBytes{{"a", Database("/a|b", "bar")}, {"b", Database("/x^y", "caret")}});
  pool = std::make_unique<PoolOnDisk>(*disk);
  pool->pool().names().set_url_dialect({.encodes_caret = false, .encodes_bar = true});
  ASSERT_TRUE(pool->Start().ok());
  EXPECT_EQ(pool->Names(), (Names{"/a%7Cb", "/x^y"}));
  EXPECT_EQ(DescribeFile(*pool, "a|b"), "bar*10");
  EXPECT_EQ(DescribeFile(*pool, "x^y"), "caret*10");
  EXPECT_EQ(pool->pool().names().Resolve("C|").value().view(), "/C:");
}

TEST_F(PoolNames, UnreachableOnesMoveAsideWhenTaken) {
  Start({{"a", Database("my.db", "imported")}, {"b", Database("/my.db", "older")}});
  EXPECT_EQ(pool->Names(), (Names{"/my.db", "/my.db.duplicate-1"}));
  EXPECT_EQ(DescribeFile(*pool, "my.db"), "older*10");
  EXPECT_EQ(DescribeFile(*pool, "my.db.duplicate-1"), "imported*10");
}

TEST_F(PoolNames, SeveralCanMoveAside) {
  Start({{"a", Database("my.db", "one")},
         {"b", Database("/my.db", "two")},
         {"c", Database("x/../my.db", "three")},
         {"d", Database("/my.db.duplicate-1", "four")}});
  EXPECT_EQ(pool->Names(),
            (Names{"/my.db", "/my.db.duplicate-1", "/my.db.duplicate-2", "/my.db.duplicate-3"}));
  EXPECT_EQ(DescribeFile(*pool, "my.db"), "two*10");
  EXPECT_EQ(DescribeFile(*pool, "my.db.duplicate-1"), "four*10");
}

SlotBytes HotUnder(const std::string& name) {
  const SlotBytes hot = MakeHotPool("kept");
  return {{"a", Renamed(SlotNamed(hot, "/app.db"), name)},
          {"b", Renamed(SlotNamed(hot, "/app.db-journal"), name + "-journal")}};
}

TEST_F(PoolNames, DatabasesTakeTheirJournalsWithThem) {
  Start(HotUnder("42.db"));
  EXPECT_EQ(pool->Names(), (Names{"/42.db", "/42.db-journal"}));
  EXPECT_EQ(DescribeFile(*pool, "42.db"), "kept*30");
  EXPECT_EQ(pool->Names(), Names{"/42.db"});
}

TEST_F(PoolNames, DatabasesTakeTheirJournalsAside) {
  SlotBytes slots = HotUnder("42.db");
  slots["c"] = Database("/42.db", "other");
  Start(slots);
  EXPECT_EQ(DescribeFile(*pool, "42.db"), "other*10");
  EXPECT_EQ(DescribeFile(*pool, "42.db.duplicate-1"), "kept*30");
}

TEST_F(PoolNames, DatabasesGetNoForeignJournal) {
  SlotBytes slots = HotUnder("42.db");
  slots["c"] = SlotOf("/42.db-journal", kJournalFlags, Bytes(1000, std::byte{1}));
  slots["d"] = SlotOf("/42.db.duplicate-1-journal", kJournalFlags, Bytes(1000, std::byte{2}));
  Start(slots);
  EXPECT_EQ(DescribeFile(*pool, "42.db.duplicate-2"), "kept*30");
  EXPECT_NE(pool->Find("42.db-journal"), nullptr);
  EXPECT_NE(pool->Find("42.db.duplicate-1-journal"), nullptr);
}

TEST_F(PoolNames, OfTwoWholeDatabasesBothAreKept) {
  for (const bool is_first : {true, false}) {
    Start({{is_first ? "a" : "z", Database("/app.db", "one")}, {"m", Database("/app.db", "two")}});
    EXPECT_EQ(pool->Names(), (Names{"/app.db", "/app.db.duplicate-1"}));
    EXPECT_EQ(DescribeFile(*pool, "app.db"), is_first ? "one*10" : "two*10");
    EXPECT_EQ(DescribeFile(*pool, "app.db.duplicate-1"), is_first ? "two*10" : "one*10");
  }
}

// A journal beside the name that one moves to is not its own.
TEST_F(PoolNames, ADuplicateGetsNoForeignJournal) {
  Start({{"a", Database("/app.db", "one")},
         {"b", Database("/app.db", "two")},
         {"c", SlotOf("/app.db.duplicate-1-wal", kWalFlags, Bytes(100, std::byte{2}))}});
  EXPECT_EQ(DescribeFile(*pool, "app.db.duplicate-2"), "two*10");
}

// An empty file is what is left of a creation that failed.
TEST_F(PoolNames, OfAWholeFileAndAnEmptyOneTheWholeIsKept) {
  for (const char* empty : {"a", "z"}) {
    Start({{empty, SlotOf("/app.db", kDatabaseFlags, {})}, {"m", Database("/app.db", "whole")}});
    EXPECT_EQ(pool->Names(), Names{"/app.db"});
    EXPECT_EQ(DescribeFile(*pool, "app.db"), "whole*10");
    EXPECT_EQ(pool->pool().files().free_count(), 1);
  }
}

TEST_F(PoolNames, AHotJournalIsNotLostToAnEmptyOne) {
  for (const char* empty : {"a", "z"}) {
    const SlotBytes hot = MakeHotPool("kept");
    Start({{"m", SlotNamed(hot, "/app.db")},
           {"n", SlotNamed(hot, "/app.db-journal")},
           {empty, SlotOf("/app.db-journal", kJournalFlags, {})}});
    EXPECT_EQ(DescribeFile(*pool, "app.db"), "kept*30");
  }
}

// Each byte that is not ASCII takes three when it is encoded.
TEST_F(PoolNames, ThatAreTooLongWhenResolvedAreQuarantined) {
  Start({{"a", Database("/" + std::string(200, '\xE9'), "long")}});
  EXPECT_EQ(pool->Names(), Names());
  ASSERT_TRUE(pool->pool().Recover("a", Resolved("short")).ok());
  EXPECT_EQ(DescribeFile(*pool, "short"), "long*10");
}

TEST_F(PoolNames, ThatHaveNoRoomForASuffixAreQuarantined) {
  const std::string longest = "/" + std::string(509, 'a');
  Start({{"a", Database(longest, "one")}, {"b", Database(longest, "two")}});
  EXPECT_EQ(pool->Names(), Names{longest});
  EXPECT_EQ(DescribeFile(*pool, longest), "one*10");
  ASSERT_TRUE(pool->pool().Recover("b", Resolved("saved")).ok());
  EXPECT_EQ(DescribeFile(*pool, "saved"), "two*10");
}

// All of the above at once.
SlotBytes Untidy() {
  SlotBytes slots = HotUnder("42.db");
  slots["c"] = Database("/app.db", "one");
  slots["d"] = Database("/app.db", "two");
  slots["e"] = Database("my.db", "mine");
  slots["f"] = SlotOf("/t", 0x20e, MakeDatabase("temporary"));
  slots["g"] = Bytes(30);
  slots["h"] = Database("/x", "quarantined");
  slots["h"][100] ^= std::byte{1};
  return slots;
}

void ExpectTidy(PoolOnDisk& pool) {
  ExpectAllSlotsAccountedFor(pool, 8);
  EXPECT_EQ(pool.Names(),
            (Names{"/42.db", "/42.db-journal", "/app.db", "/app.db.duplicate-1", "/my.db"}));
  EXPECT_EQ(DescribeFile(pool, "42.db"), "kept*30");
  EXPECT_EQ(DescribeFile(pool, "app.db"), "one*10");
  EXPECT_EQ(DescribeFile(pool, "app.db.duplicate-1"), "two*10");
  EXPECT_EQ(DescribeFile(pool, "my.db"), "mine*10");
  ASSERT_TRUE(pool.pool().Recover("h", Resolved("x")).ok());
  EXPECT_EQ(DescribeFile(pool, "x"), "quarantined*10");
  // Two that were free, and the slot of the journal that was rolled back.
  EXPECT_EQ(pool.pool().files().free_count(), 3);
}

TEST(PoolStart, CanBeRepeatedAfterAnyFault) {
  const SlotBytes untidy = Untidy();
  ForEachFault([&](const Fault& fault) {
    FaultDisk disk(untidy);
    disk.Arm(fault);
    {
      PoolOnDisk pool(disk);
      static_cast<void>(pool.Start());
    }
    disk.Disarm();
    // A header that was torn and could not be put back is quarantined, and that is all.
    const bool is_torn = fault.persists && (fault.kind == Fault::Kind::kErrorAfterHalf ||
                                            fault.kind == Fault::Kind::kShort);
    PoolOnDisk pool(disk);
    EXPECT_TRUE(pool.Start().ok());
    ExpectAllSlotsAccountedFor(pool, 8);
    if (!is_torn) ExpectTidy(pool);
    return disk.has_hit();
  });
}

TEST(PoolStart, CanBeRepeatedAfterACrash) {
  FaultDisk disk(Untidy());
  PoolOnDisk pool(disk);
  CrashRecorder crashes(disk);
  ASSERT_TRUE(pool.Start().ok());
  crashes.Check(ExpectTidy);
}

TEST(PoolStart, ThatCannotTidyAFreeSlotSucceedsAllTheSame) {
  FaultDisk disk({{"a", SlotOf("/t", 0x20e, Bytes(10))}, {"b", Database("/app.db", "one")}});
  disk.Arm({.of = CallKind::kTruncate, .persists = true});
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_FALSE(pool.host().messages.empty());
  EXPECT_EQ(pool.pool().Create(Resolved("x"), kDatabaseFlags).status().code(), Code::kIo);
  disk.Disarm();
  EXPECT_TRUE(pool.pool().Create(Resolved("x"), kDatabaseFlags).ok());
}

TEST(PoolStart, FailsToAttachWhatCannotBeReadAndChangesNothing) {
  const SlotBytes slots = {{"b", Database("/app.db", "one")}};
  for (const CallKind kind : {CallKind::kSize, CallKind::kRead}) {
    FaultDisk disk(slots);
    disk.Arm({.of = kind, .code = Code::kIo});
    PoolOnDisk pool(disk);
    EXPECT_EQ(pool.Start().code(), Code::kIo);
    EXPECT_EQ(disk.Everything(), slots);
  }
}

}  // namespace
}  // namespace sahpool::testing
