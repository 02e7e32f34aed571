// Which journals a start calls void, and what is left of seals for other implementations.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "format/annex.h"
#include "format/journal_header.h"
#include "journal_seal_fixture.h"

namespace sahpool::testing {
namespace {

constexpr std::size_t kSeal = kAnnexOffset;
constexpr std::size_t kSectorSize = FaultDisk::kSectorSize;

void Zero(Bytes& bytes, std::size_t offset, std::size_t count) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, std::byte{0});
}

TEST_F(JournalSealTest, AJournalThatACrashHasTornIsVoid) {
  MakeOldDatabase();
  MakeNew();
  Run("UPDATE t SET tag='old'");
  // Over the one of the last transaction, which a crash can bring back in pieces.
  const auto moment = BeforeFlushOf(kJournalName, "UPDATE t SET tag='new'");
  const SlotBytes written = Written(moment);
  const std::string slot = SlotNameOf(written, kJournalName);
  const Bytes& before = moment.at(slot).durable;
  const Bytes& journal = written.at(slot);
  ASSERT_TRUE(HasSealedFlag(journal));
  const Bytes& database = SlotNamed(written, "/app.db");
  EXPECT_EQ(DescribeAfterStart(written), "old*10");
  for (std::size_t sector = 0; sector < journal.size(); sector += kSectorSize) {
    SCOPED_TRACE(sector);
    const std::size_t count = std::min(kSectorSize, journal.size() - sector);
    for (const bool is_zeroed : {false, true}) {
      SlotBytes torn = written;
      Zero(torn.at(slot), sector, count);
      if (!is_zeroed) {
        std::copy_n(before.begin() + static_cast<std::ptrdiff_t>(sector), count,
                    torn.at(slot).begin() + static_cast<std::ptrdiff_t>(sector));
      }
      // Without its mark alone the journal is whole.
      if (std::equal(torn.at(slot).begin() + kAnnexOffset, torn.at(slot).end(),
                     journal.begin() + kAnnexOffset) &&
          HasSealedFlag(torn.at(slot))) {
        continue;
      }
      FaultDisk left(torn);
      PoolOnDisk restarted(left);
      ASSERT_TRUE(restarted.Start().ok());
      EXPECT_EQ(restarted.Find("app.db-journal"), nullptr);
      EXPECT_EQ(SlotNamed(left.Everything(), "/app.db"), database);
      EXPECT_EQ(DescribeFile(restarted, "app.db"), "old*10");
      ExpectAllSlotsAccountedFor(restarted, 6);
    }
  }
}

TEST_F(JournalSealTest, AJournalThatComesBackAfterItsCommitIsVoid) {
  MakeOldDatabase();
  MakeNew();
  const SlotBytes left = disk.CrashState(1);
  ASSERT_TRUE(HasSealedFlag(SlotNamed(left, kJournalName)));
  FaultDisk crashed(left);
  PoolOnDisk restarted(crashed);
  ASSERT_TRUE(restarted.Start().ok());
  EXPECT_EQ(restarted.Find("app.db-journal"), nullptr);
  EXPECT_EQ(restarted.pool().files().free_count(), 5);
  EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*10");
}

// The database was in quarantine when the pool started.
TEST_F(JournalSealTest, AJournalThatComesBackIsVoidForARecoveredDatabase) {
  MakeOldDatabase();
  MakeNew();
  SlotBytes left = disk.CrashState(1);
  const std::string slot_name = SlotNameOf(left, "/app.db");
  left.at(slot_name).at(2) ^= std::byte{4};
  FaultDisk crashed(left);
  PoolOnDisk restarted(crashed);
  ASSERT_TRUE(restarted.Start().ok());
  ASSERT_NE(restarted.Find("app.db-journal"), nullptr);
  ASSERT_TRUE(restarted.pool().Recover(slot_name, Resolved("app.db")).ok());
  EXPECT_EQ(restarted.Find("app.db-journal"), nullptr);
  EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*10");
}

// Nor does one without a header stay, by which SQLite rolls nothing back.
TEST_F(JournalSealTest, AJournalWithoutAHeaderIsEmptiedForARecoveredDatabase) {
  MakeOldDatabase();
  SlotBytes left = Written(BeforeFlushOf("/app.db", "UPDATE t SET tag='new'"));
  Bytes& journal = SlotAt(left, kJournalName);
  Bytes content(journal.begin() + kSlotDataOffset, journal.end());
  Zero(content, 0, kJournalHeaderFieldsSize);
  journal = SlotOf(kJournalName, kJournalFlags, content);
  const std::string slot_name = SlotNameOf(left, "/app.db");
  left.at(slot_name).at(2) ^= std::byte{4};
  FaultDisk crashed(left);
  PoolOnDisk restarted(crashed);
  ASSERT_TRUE(restarted.Start().ok());
  ASSERT_EQ(restarted.Find("app.db-journal")->size(), std::ssize(content));
  ASSERT_TRUE(restarted.pool().Recover(slot_name, Resolved("app.db")).ok());
  EXPECT_EQ(restarted.Find("app.db-journal")->size(), 0);
  EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*10");
}

TEST_F(JournalSealTest, AJournalThatIsNeededRollsBack) {
  MakeOldDatabase();
  const auto moment = BeforeFlushOf("/app.db", "UPDATE t SET tag='new'");
  const SlotBytes written = Written(moment);
  ASSERT_EQ(DescribeAfterStart(written), "new*10");
  // Whatever is missing of the pages, or of the record that vouches for them.
  const std::string slot = SlotNameOf(written, "/app.db");
  const Bytes& before = moment.at(slot).durable;
  ASSERT_EQ(before.size(), written.at(slot).size());
  int torn_sectors = 0;
  for (std::size_t sector = kSeal; sector < before.size(); sector += kSectorSize) {
    SlotBytes torn = written;
    std::copy_n(before.begin() + static_cast<std::ptrdiff_t>(sector), kSectorSize,
                torn.at(slot).begin() + static_cast<std::ptrdiff_t>(sector));
    if (torn == written) continue;
    ++torn_sectors;
    EXPECT_EQ(DescribeAfterStart(torn), "old*10") << sector;
  }
  EXPECT_GT(torn_sectors, 10);
}

TEST_F(JournalSealTest, ADamagedSealIsQuarantined) {
  MakeOldDatabase();
  SlotBytes slots = Written(BeforeFlushOf("/app.db", "UPDATE t SET tag='new'"));
  Bytes& journal = SlotAt(slots, kJournalName);
  const std::string slot_name = SlotNameOf(slots, kJournalName);
  for (const std::size_t offset : {kSeal, kSeal + 9, kSeal + 17, kSeal + 31}) {
    SCOPED_TRACE(offset);
    journal.at(offset) ^= std::byte{0x10};
    const Bytes damaged = journal;
    FaultDisk left(slots);
    PoolOnDisk restarted(left);
    ASSERT_TRUE(restarted.Start().ok());
    EXPECT_EQ(restarted.pool().files().quarantined_count(), 1);
    EXPECT_EQ(DescribeFile(restarted, "app.db"), "not to be opened");
    EXPECT_EQ(restarted.pool().files().At(SlotState::kQuarantined, 0)->slot().quarantine_reason(),
              "the seal of the journal is damaged");
    const std::string_view text = restarted.host().messages.back();
    EXPECT_NE(text.find("app.db-journal may be in quarantined slot " + slot_name),
              std::string_view::npos)
        << text;
    EXPECT_EQ(left.bytes(slot_name), damaged);
    journal.at(offset) ^= std::byte{0x10};
  }
}

// One that the official implementation has written: SQLite's rules hold, whatever lies in the bytes
// where a seal would be, and whatever record the database has.
TEST_F(JournalSealTest, AJournalWithoutTheFlagObeysSqlite) {
  MakeOldDatabase();
  SlotBytes slots = Written(BeforeFlushOf("/app.db", "UPDATE t SET tag='new'"));
  Bytes& journal = SlotAt(slots, kJournalName);
  journal =
      SlotOf(kJournalName, kJournalFlags, Bytes(journal.begin() + kSlotDataOffset, journal.end()));
  std::fill(journal.begin() + kSlotHeaderSize, journal.begin() + kSlotDataOffset, std::byte{0xA5});
  EXPECT_EQ(DescribeAfterStart(slots), "old*10");
}

// --- What is left for others. ---

TEST_F(JournalSealTest, AfterACommitNoJournalIsLeft) {
  MakeOldDatabase();
  MakeNew();
  const auto expect_free = [&](bool and_empty) {
    for (const auto& [name, slot] : disk.Everything()) {
      if (HeaderOf(slot).path == "/app.db") continue;
      EXPECT_EQ(HeaderOf(slot).kind, HeaderKind::kFree) << name;
      if (and_empty) EXPECT_EQ(slot.size(), kSlotDataOffset) << name;
    }
  };
  expect_free(false);
  connection.reset();
  EXPECT_TRUE(pool.pool().DetachAll().ok());
  expect_free(true);
}

// What a long journal has left in the slot lies behind a shorter one, and is no part of it: neither
// for a start, nor for an export, nor when the transaction goes on.
TEST_F(JournalSealTest, AJournalEndsWhereItsSealSays) {
  MakeOldDatabase(200);
  MakeNew();
  Run("CREATE TABLE u(a); INSERT INTO u VALUES('old')");
  SlotBytes written = Written(BeforeFlushOf("/app.db", "UPDATE u SET a='new'"));
  const Bytes& journal = SlotNamed(written, kJournalName);
  ASSERT_TRUE(HasSealedFlag(journal));
  ASSERT_GT(journal.size(), 100'000U);
  // Without the commit record the journal is hot.
  Zero(SlotAt(written, "/app.db"), kSeal, 8);
  FaultDisk killed(written);
  PoolOnDisk restarted(killed);
  ASSERT_TRUE(restarted.Start().ok());
  const auto exported = restarted.Export("app.db");
  ASSERT_TRUE(exported.ok());
  EXPECT_EQ(DescribeDatabase(exported.value()), "new*200");
  Connection after("app.db", restarted.vfs().name());
  EXPECT_EQ(after.Query("SELECT a FROM u"), "old");
  EXPECT_EQ(DescribeFile(restarted, "app.db"), "new*200");
}

TEST_F(JournalSealTest, AJournalThatGoesOnBehindItsSealCutsWhatIsThere) {
  MakeOldDatabase(40);
  MakeNew();
  Run("PRAGMA cache_size=5; CREATE TABLE u(a); INSERT INTO u VALUES('old')");
  CheckCrashesDuring(
      disk, [&] { Run("BEGIN; UPDATE u SET a='new'; UPDATE t SET tag='newer'; COMMIT"); },
      [](PoolOnDisk& left) { ExpectOneOf(DescribeFile(left, "app.db"), {"new*40", "newer*40"}); });
}

// A row can hold the bytes with which a journal's header begins, and a record of it can bring them
// to where SQLite looks for one.
TEST_F(JournalSealTest, WhatLooksLikeAHeaderBehindAJournalIsCut) {
  constexpr std::size_t kSealedSize = kSeal + 16;
  const std::string_view magic = "d9d505f920a163d7";
  const auto is_header = [&](const Bytes& slot, std::size_t position) {
    return slot.size() >= position + kJournalMagic.size() &&
           HasJournalMagic(std::span(slot).subspan(position));
  };
  MakeOldDatabase();
  MakeNew();
  Run("CREATE TABLE u(a, filling); INSERT INTO u VALUES(0, zeroblob(9000))");
  int looked_like_a_header = 0;
  for (std::size_t shift = 0; shift < magic.size(); shift += 2) {
    std::string filling;
    for (int i = 0; i < 1200; ++i) filling += magic;
    filling = filling.substr(shift);
    // The journal has the filling of the round before.
    Run("UPDATE t SET filling=x'" + filling + "'");
    const SlotBytes before = disk.Everything();
    const SlotBytes written =
        Written(BeforeFlushOf("/app.db", "UPDATE u SET filling=randomblob(9000)"));
    const std::string slot = SlotNameOf(written, kJournalName);
    const Bytes& journal = written.at(slot);
    std::uint64_t size = 0;
    std::memcpy(&size, &journal.at(kSealedSize), sizeof(size));
    const std::size_t next_header = kSlotDataOffset + (size + 511) / 512 * 512;
    looked_like_a_header += is_header(before.at(slot), next_header);
    EXPECT_FALSE(is_header(journal, next_header)) << shift;
    EXPECT_EQ(DescribeAfterStart(written), "new*10");
  }
  EXPECT_GT(looked_like_a_header, 0);
}

class KeptJournalTest : public JournalSealTest,
                        public ::testing::WithParamInterface<const char*> {};

TEST_P(KeptJournalTest, LosesItsSealWithTheFirstTransaction) {
  MakeOldDatabase();
  Run(std::string("PRAGMA journal_mode=") + GetParam());
  EXPECT_EQ(connection->Query("PRAGMA journal_mode"), GetParam());
  CheckCrashesDuring(
      disk, [&] { MakeNew(); },
      [](PoolOnDisk& left) { ExpectOneOf(DescribeFile(left, "app.db"), {"old*10", "new*10"}); });
  EXPECT_FALSE(HasSealedFlag(SlotNamed(disk.Everything(), kJournalName)));
  CheckCrashesDuring(
      disk, [&] { Run("UPDATE t SET tag='newer'"); },
      [](PoolOnDisk& left) { ExpectOneOf(DescribeFile(left, "app.db"), {"new*10", "newer*10"}); });
  EXPECT_FALSE(HasSealedFlag(SlotNamed(disk.Everything(), kJournalName)));
}

INSTANTIATE_TEST_SUITE_P(Modes, KeptJournalTest, ::testing::Values("persist", "truncate"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace sahpool::testing
