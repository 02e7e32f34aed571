// A pool whose host fails, and a pool whose worker dies, at every call of what changes slots: no
// file is lost, none is there twice, and every slot is of use afterwards.
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

constexpr int kCapacity = 4;

SlotBytes StartOf() {
  return {{"a", SlotOf("/old", kDatabaseFlags, MakeDatabase("old"))},
          {"b", Bytes(kSlotDataOffset)},
          {"c", Bytes(kSlotDataOffset)},
          {"w", SlotOf("/other-wal", kWalFlags, Bytes(2000, std::byte{7}))}};
}

// Fills every free slot with a file.
void ExpectFreeSlotsAreOfUse(PoolOnDisk& pool) {
  for (int i = pool.pool().files().free_count(); i > 0; --i) {
    const auto slot = pool.pool().Create(Resolved("use" + std::to_string(i)), kDatabaseFlags);
    ASSERT_TRUE(slot.ok()) << slot.status().text();
    EXPECT_EQ(slot.value()->size(), 0);
    const Bytes content = MakeDatabase("use", 2);
    ASSERT_TRUE(slot.value()->Write(content, 0).ok());
    ASSERT_TRUE(slot.value()->Sync().ok());
    EXPECT_EQ(DescribeFile(pool, "use" + std::to_string(i)), "use*2");
  }
  EXPECT_EQ(pool.pool().files().free_count(), 0);
}

// "/old" as it was, whether under its name or in quarantine.
bool HasOld(PoolOnDisk& pool) {
  if (pool.Find("old") == nullptr) {
    const File* const file = pool.pool().files().At(SlotState::kQuarantined, 0);
    // An emptied file whose header was torn holds no file.
    if (file == nullptr || file->size() == 0 ||
        !pool.pool().Recover(file->slot().slot_name(), Resolved("old")).ok()) {
      return false;
    }
  }
  EXPECT_EQ(DescribeFile(pool, "old"), "old*10");
  return true;
}

void ExpectUntouchedFiles(PoolOnDisk& pool) {
  ASSERT_NE(pool.Find("other-wal"), nullptr);
  EXPECT_EQ(pool.Export("other-wal").value(), Bytes(2000, std::byte{7}));
  ExpectAllSlotsAccountedFor(pool, kCapacity);
}

TEST(PoolFault, CreateMakesAFileOrNone) {
  bool created = false;
  ForEachFault(
      StartOf(),
      [&](PoolOnDisk& pool) { created = pool.pool().Create(Resolved("new"), kDatabaseFlags).ok(); },
      [&](PoolOnDisk& pool, FaultDisk& disk) {
        EXPECT_EQ(pool.Find("new") != nullptr, created);
        EXPECT_TRUE(HasOld(pool));
        ExpectUntouchedFiles(pool);
        EXPECT_EQ(pool.pool().files().free_count(), created ? 1 : 2);
        for (const SlotBytes& left : disk.CrashStates()) {
          FaultDisk copy(left);
          PoolOnDisk restarted(copy);
          ASSERT_TRUE(restarted.Start().ok());
          EXPECT_TRUE(HasOld(restarted));
          ExpectUntouchedFiles(restarted);
        }
        ExpectFreeSlotsAreOfUse(pool);
        PoolOnDisk restarted(disk);
        ASSERT_TRUE(restarted.Start().ok());
        EXPECT_EQ(restarted.Names(), pool.Names());
      });
}

TEST(PoolFault, CreateIsWholeAfterACrash) {
  ForEachCrash(
      StartOf(),
      [](PoolOnDisk& pool) {
        ASSERT_TRUE(pool.pool().Create(Resolved("new"), kDatabaseFlags).ok());
      },
      [](PoolOnDisk& pool) {
        EXPECT_TRUE(HasOld(pool));
        ExpectUntouchedFiles(pool);
        ExpectFreeSlotsAreOfUse(pool);
      });
}

// What a failed Create() may have left under a name must not win over the file that got it later.
TEST(PoolFault, AFileOutlivesWhatAFailedCreateLeft) {
  ForEachFault(
      StartOf(),
      [&](PoolOnDisk& pool) {
        static_cast<void>(pool.pool().Create(Resolved("x-journal"), kJournalFlags));
      },
      [&](PoolOnDisk& pool, FaultDisk& disk) {
        File* file = pool.Find("x-journal");
        if (file == nullptr) {
          file = pool.pool().Create(Resolved("x-journal"), kJournalFlags).value();
        }
        ASSERT_TRUE(file->Write(Bytes(100, std::byte{9}), 0).ok());
        ASSERT_TRUE(file->Sync().ok());
        for (const SlotBytes& left : disk.CrashStates()) {
          FaultDisk copy(left);
          PoolOnDisk restarted(copy);
          ASSERT_TRUE(restarted.Start().ok());
          ASSERT_NE(restarted.Find("x-journal"), nullptr);
          EXPECT_EQ(restarted.Export("x-journal").value(), Bytes(100, std::byte{9}));
          ExpectUntouchedFiles(restarted);
        }
      });
}

TEST(PoolFault, DeleteTakesAllOfAFileOrNothing) {
  bool deleted = false;
  ForEachFault(
      StartOf(),
      [&](PoolOnDisk& pool) { deleted = pool.pool().order().Delete(*pool.Find("old")).ok(); },
      [&](PoolOnDisk& pool, FaultDisk& disk) {
        if (deleted) {
          EXPECT_EQ(pool.Find("old"), nullptr);
        }
        const bool is_there = pool.Find("old") != nullptr;
        ExpectUntouchedFiles(pool);
        for (const SlotBytes& left : disk.CrashStates()) {
          FaultDisk copy(left);
          PoolOnDisk restarted(copy);
          ASSERT_TRUE(restarted.Start().ok());
          HasOld(restarted);
          ExpectUntouchedFiles(restarted);
        }
        if (is_there) {
          // A flush makes good what the failure has left of the header.
          ASSERT_TRUE(pool.Find("old")->Sync().ok());
          PoolOnDisk restarted(disk);
          ASSERT_TRUE(restarted.Start().ok());
          EXPECT_NE(restarted.Find("old"), nullptr);
          EXPECT_TRUE(HasOld(restarted));
          EXPECT_TRUE(pool.pool().order().Delete(*pool.Find("old")).ok());
        }
        EXPECT_EQ(pool.pool().files().free_count(), 3);
        ExpectFreeSlotsAreOfUse(pool);
      });
}

// A header can say of a file that it is a super-journal, and an app open it as its database.
TEST(PoolFault, WhatIsOpenedAsADatabaseIsDurableWhenItIsClosed) {
  FaultDisk disk;
  AddFreeSlots(disk, 2);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  ASSERT_TRUE(pool.pool().Create(Resolved("app.db"), open_flag::kSuperJournal).ok());
  {
    Connection connection("app.db", pool.vfs().name());
    ASSERT_EQ(connection.Execute("PRAGMA locking_mode=exclusive; PRAGMA synchronous=off;"
                                 "PRAGMA journal_mode=off; CREATE TABLE t(tag, filling);"
                                 "INSERT INTO t VALUES('new', 1)"),
              SQLITE_OK);
  }
  for (const SlotBytes& slots : disk.CrashStates()) {
    FaultDisk left(slots);
    PoolOnDisk restarted(left);
    ASSERT_TRUE(restarted.Start().ok());
    EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*1");
  }
}

// Nothing tells a start that a header of version 1 was torn.
TEST(PoolFault, DeleteLeavesADatabaseItsNameWhenItsHeaderIsTorn) {
  for (const bool has_digest : {true, false}) {
    SlotBytes start = StartOf();
    if (!has_digest) MakeVersion1(start.at("a"));
    ForEachFault(
        start,
        [](PoolOnDisk& pool) { static_cast<void>(pool.pool().order().Delete(*pool.Find("old"))); },
        [&](PoolOnDisk&, FaultDisk& disk) {
          for (const SlotBytes& left : disk.CrashStates()) {
            FaultDisk copy(left);
            PoolOnDisk restarted(copy);
            ASSERT_TRUE(restarted.Start().ok());
            if (restarted.Find("old") != nullptr) {
              EXPECT_EQ(DescribeFile(restarted, "old"), "old*10");
            }
            EXPECT_EQ(restarted.Names().size(), restarted.Find("old") != nullptr ? 2U : 1U);
            ExpectUntouchedFiles(restarted);
          }
        });
  }
}

TEST(PoolFault, DeleteIsWholeAfterACrash) {
  ForEachCrash(
      StartOf(),
      [](PoolOnDisk& pool) { ASSERT_TRUE(pool.pool().order().Delete(*pool.Find("old")).ok()); },
      [](PoolOnDisk& pool) {
        if (pool.Find("old") != nullptr) {
          EXPECT_TRUE(HasOld(pool));
        }
        EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
        ExpectUntouchedFiles(pool);
        ExpectFreeSlotsAreOfUse(pool);
      });
}

TEST(PoolFault, AJournalIsDeletedOrStillWhole) {
  SlotBytes start = StartOf();
  start["j"] = SlotOf("/x-journal", kJournalFlags, Bytes(3000, std::byte{5}));
  ForEachFault(
      start,
      [](PoolOnDisk& pool) {
        static_cast<void>(pool.pool().order().Delete(*pool.Find("x-journal")));
      },
      [](PoolOnDisk& pool, FaultDisk&) {
        if (pool.Find("x-journal") != nullptr) {
          EXPECT_EQ(pool.Export("x-journal").value(), Bytes(3000, std::byte{5}));
          EXPECT_TRUE(pool.pool().order().Delete(*pool.Find("x-journal")).ok());
        }
        ExpectAllSlotsAccountedFor(pool, kCapacity + 1);
        ExpectFreeSlotsAreOfUse(pool);
      });
}

TEST(PoolFault, AWipeCanBeRepeated) {
  ForEachFault(
      StartOf(), [](PoolOnDisk& pool) { static_cast<void>(pool.pool().Wipe()); },
      [](PoolOnDisk& pool, FaultDisk&) {
        ExpectAllSlotsAccountedFor(pool, kCapacity);
        if (pool.Find("old") != nullptr) {
          EXPECT_TRUE(HasOld(pool));
        }
        ASSERT_TRUE(pool.pool().Wipe().ok());
        EXPECT_EQ(pool.pool().files().free_count(), kCapacity);
        ExpectFreeSlotsAreOfUse(pool);
      });
}

void UseTemporaryFile(PoolOnDisk& pool) {
  const auto slot = pool.pool().CreateTemporary(open_flag::kTransientDb);
  if (!slot.ok()) return;
  static_cast<void>(slot.value()->Write(MakeDatabase("temporary"), 0));
  static_cast<void>(slot.value()->SetFree());
}

TEST(PoolFault, ATemporaryFileLeavesItsSlotOfUse) {
  ForEachFault(StartOf(), UseTemporaryFile, [](PoolOnDisk& pool, FaultDisk&) {
    EXPECT_EQ(pool.pool().files().free_count(), 2);
    EXPECT_TRUE(HasOld(pool));
    ExpectUntouchedFiles(pool);
    ExpectFreeSlotsAreOfUse(pool);
  });
}

TEST(PoolFault, ATemporaryFileLeavesNoFileAfterACrash) {
  ForEachCrash(StartOf(), UseTemporaryFile, [](PoolOnDisk& pool) {
    EXPECT_EQ(pool.Names(), (std::vector<std::string>{"/old", "/other-wal"}));
    EXPECT_TRUE(HasOld(pool));
    ExpectUntouchedFiles(pool);
  });
}

// A slot that was freed gets its next file only once it is empty for good.
TEST(PoolFault, ReusingASlotNeverMixesTwoFiles) {
  ForEachCrash(
      {{"a", SlotOf("/old", kDatabaseFlags, MakeDatabase("old"))}},
      [](PoolOnDisk& pool) {
        ASSERT_TRUE(pool.pool().order().Delete(*pool.Find("old")).ok());
        File& file = *pool.pool().Create(Resolved("new"), kDatabaseFlags).value();
        ASSERT_TRUE(file.Write(MakeDatabase("new"), 0).ok());
        ASSERT_TRUE(file.Sync().ok());
      },
      [](PoolOnDisk& pool) {
        if (pool.Find("old") != nullptr) {
          EXPECT_EQ(DescribeFile(pool, "old"), "old*10");
        }
        if (pool.Find("new") != nullptr && pool.Find("new")->size() > 0) {
          EXPECT_EQ(DescribeFile(pool, "new"), "new*10");
        }
        ExpectAllSlotsAccountedFor(pool, 1);
      });
}

TEST(PoolFault, TheSizeStaysRightWhenAWriteFails) {
  using Kind = Fault::Kind;
  for (const Kind kind : {Kind::kError, Kind::kErrorAfterHalf, Kind::kErrorAfterEffect,
                          Kind::kShort, Kind::kNothing}) {
    FaultDisk disk(StartOf());
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    disk.Arm({.kind = kind, .of = CallKind::kWrite});
    const Status status = pool.Find("old")->Write(Bytes(100000, std::byte{1}), 0);
    EXPECT_EQ(status.ok(), kind == Kind::kShort);
    EXPECT_EQ(pool.Find("old")->size(), std::ssize(disk.bytes("a")) - kSlotDataOffset);
  }
}

TEST(PoolFault, AFailureKeepsItsCodeAndTellsTheFile) {
  for (const Code code : {Code::kIo, Code::kFull}) {
    FaultDisk disk(StartOf());
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    File& file = *pool.Find("old");
    Bytes bytes(10);
    const auto expect_failure = [&](const Status& status) {
      EXPECT_EQ(status.code(), code);
      EXPECT_NE(status.text().find("/old"), std::string_view::npos) << status.text();
      EXPECT_NE(status.text().find("the disk was told to fail"), std::string_view::npos);
    };
    disk.Arm({.code = code, .persists = true});
    expect_failure(file.Read(bytes, 0));
    expect_failure(file.Write(bytes, 0));
    expect_failure(file.Truncate(5));
    expect_failure(file.Sync());
  }
}

TEST(PoolFault, ASlotWhoseHeaderMayBeTornIsCleanedBeforeItsNextUse) {
  using Kind = Fault::Kind;
  for (const Kind kind : {Kind::kErrorAfterHalf, Kind::kErrorAfterEffect}) {
    FaultDisk disk({{"a", Bytes(kSlotDataOffset)}});
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    disk.Arm({.kind = kind, .of = CallKind::kWrite});
    EXPECT_FALSE(pool.pool().Create(Resolved("new"), kDatabaseFlags).ok());
    EXPECT_FALSE(pool.pool().files().At(SlotState::kFree, 0)->slot().residue() == Residue::kNone);
    disk.log.clear();
    ASSERT_TRUE(pool.pool().CreateTemporary(open_flag::kSubjournal).ok());
    EXPECT_EQ(disk.log, (std::vector<std::string>{"flush a", "write a 0+524"}));
  }
}

TEST(PoolFault, AWriteOfNothingMeansFull) {
  FaultDisk disk(StartOf());
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  disk.Arm({.kind = Fault::Kind::kNothing, .of = CallKind::kWrite});
  EXPECT_EQ(pool.Find("old")->Write(Bytes(10), 0).code(), Code::kFull);
  disk.Arm({.kind = Fault::Kind::kNothing, .of = CallKind::kRead});
  Bytes into(10);
  EXPECT_EQ(pool.Find("old")->Read(into, 0).code(), Code::kIo);
}

TEST(PoolFault, CountsThatGetNowhereMeanFull) {
  FaultDisk disk(StartOf());
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  File* const file = pool.Find("old");
  ASSERT_TRUE(file->Sync().ok());
  disk.Arm({.kind = Fault::Kind::kShort, .of = CallKind::kWrite, .persists = true});
  EXPECT_EQ(file->Write(Bytes(2000), 0).code(), Code::kFull);
  EXPECT_TRUE(file->slot().needs_settling())
      << "a crash may bring back what a part of it has replaced";
  disk.Disarm();
  EXPECT_TRUE(file->Write(Bytes(2000), 0).ok());
}

// Of the disk itself: within a sector, what continues a write that was cut short is a part of it.
TEST(PoolFault, ACrashLeavesNoEndOfAWriteWithinASectorAlone) {
  FaultDisk disk(StartOf());
  const auto handle = disk.Open("w");
  const Bytes content(600, std::byte{3});
  disk.Arm({.kind = Fault::Kind::kShort, .of = CallKind::kWrite});
  ASSERT_EQ(handle->Write(content, kSlotDataOffset).value(), 300U);
  ASSERT_EQ(handle->Write(std::span(content).subspan(300), kSlotDataOffset + 300).value(), 300U);
  EXPECT_EQ(disk.CrashStates().size(), 2U) << "with all of it and without";
  ASSERT_EQ(handle->Write(content, kSlotDataOffset + 600).value(), 600U);
  EXPECT_GT(disk.CrashStates().size(), 2U) << "another write has a fate of its own";
}

TEST(PoolFault, AShortCountIsContinued) {
  FaultDisk disk(StartOf());
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  const Bytes content(1000, std::byte{3});
  disk.Arm({.kind = Fault::Kind::kShort, .of = CallKind::kWrite});
  ASSERT_TRUE(pool.Find("old")->Write(content, 0).ok());
  disk.Arm({.kind = Fault::Kind::kShort, .of = CallKind::kRead});
  Bytes read(1000);
  ASSERT_TRUE(pool.Find("old")->Read(read, 0).ok());
  EXPECT_TRUE(disk.has_hit());
  EXPECT_EQ(read, content);
}

}  // namespace
}  // namespace sahpool::testing
