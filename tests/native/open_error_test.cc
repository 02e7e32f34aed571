// What a failure is called: an I/O error where the host failed while a file was made, and no text
// but its own.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "file/write_buffer.h"
#include "format/journal_header.h"
#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::AddFreeSlots;
using testing::Bytes;
using testing::CallKind;
using testing::Connection;
using testing::Fault;
using testing::FaultDisk;
using testing::MakeDatabase;
using testing::PoolOnDisk;
using testing::Resolved;

struct OpenError : ::testing::Test {
  void SetUp() override {
    AddFreeSlots(disk, 6);
    ASSERT_TRUE(pool.Start().ok());
  }

  sqlite3_vfs* vfs() { return sqlite3_vfs_find(pool.vfs().name()); }
  // The result of an open in a new pool, on which the fault strikes; the next one succeeds.
  static int MakeWith(const Fault& fault, int type) {
    const char* const name = (type & SQLITE_OPEN_DELETEONCLOSE) == 0 ? "/file" : nullptr;
    FaultDisk disk;
    AddFreeSlots(disk, 2);
    PoolOnDisk pool(disk);
    EXPECT_TRUE(pool.Start().ok());
    sqlite3_vfs* const vfs = sqlite3_vfs_find(pool.vfs().name());
    disk.Arm(fault);
    const int code = Make(vfs, name, type);
    EXPECT_TRUE(disk.has_hit());
    EXPECT_NE(pool.vfs().last_error().text(), "");
    disk.Disarm();
    EXPECT_EQ(Make(vfs, name, type), SQLITE_OK);
    return code;
  }
  // The result of an open, after which the file is closed and deleted.
  static int Make(sqlite3_vfs* vfs, const char* name, int type) {
    std::vector<std::byte> memory(static_cast<std::size_t>(vfs->szOsFile));
    auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
    const int code =
        vfs->xOpen(vfs, name, file, type | SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE, nullptr);
    if (code != SQLITE_OK) {
      EXPECT_EQ(file->pMethods, nullptr);
      return code;
    }
    EXPECT_EQ(file->pMethods->xClose(file), SQLITE_OK);
    if (name != nullptr) EXPECT_EQ(vfs->xDelete(vfs, name, 0), SQLITE_OK);
    return code;
  }
  // Something that is not the failure that comes after it.
  void FailBefore() {
    const Connection missing("/missing", pool.vfs().name(), SQLITE_OPEN_READWRITE);
    ASSERT_EQ(pool.vfs().last_error().text(), "there is no file /missing");
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
};

TEST_F(OpenError, OfTheHostIsOneOfIo) {
  constexpr std::array kTypes = {
      SQLITE_OPEN_MAIN_DB,
      SQLITE_OPEN_WAL,
      SQLITE_OPEN_SUPER_JOURNAL,
      SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_DELETEONCLOSE,
      SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_DELETEONCLOSE,
  };
  for (const int type : kTypes) {
    for (const CallKind call : {CallKind::kWrite, CallKind::kFlush}) {
      // Where one slot alone can't be flushed, a temporary file takes another.
      const bool persists = call == CallKind::kFlush;
      const auto make = [&](Code code) {
        return MakeWith({.of = call, .code = code, .persists = persists}, type);
      };
      EXPECT_EQ(make(Code::kIo), SQLITE_IOERR) << type;
      EXPECT_EQ(make(Code::kFull), SQLITE_FULL) << type;
      EXPECT_EQ(make(Code::kNoMemory), SQLITE_NOMEM) << type;
    }
  }
}

// Those that clean the slot, and the one that marks it as that of a temporary database.
TEST_F(OpenError, OfEachFlushOfTheOnlySlotIsOneOfIo) {
  constexpr int kType = SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_DELETEONCLOSE;
  int flushes = 0;
  while (pool.pool().files().free_count() > 1) ASSERT_NE(pool.pool().RemoveFreeSlot(), nullptr);
  for (bool has_hit = true; has_hit;) {
    // A slot that has held one before is one to clean.
    ASSERT_EQ(Make(vfs(), nullptr, kType), SQLITE_OK);
    disk.Arm({.nth = flushes + 1, .of = CallKind::kFlush});
    const int code = Make(vfs(), nullptr, kType);
    has_hit = disk.has_hit();
    disk.Disarm();
    EXPECT_EQ(code, has_hit ? SQLITE_IOERR : SQLITE_OK) << flushes;
    flushes += has_hit ? 1 : 0;
  }
  EXPECT_EQ(flushes, 3);
}

// A rollback journal calls the host only where its slot has to be cleaned first.
TEST_F(OpenError, OfTheHostIsOneOfIoForAJournal) {
  while (pool.pool().files().free_count() > 1) ASSERT_NE(pool.pool().RemoveFreeSlot(), nullptr);
  ASSERT_TRUE(pool.Import("/file", MakeDatabase("old")).ok());
  disk.Arm({.of = CallKind::kTruncate, .persists = true});
  static_cast<void>(vfs()->xDelete(vfs(), "/file", 0));
  ASSERT_EQ(pool.pool().files().free_count(), 1);
  EXPECT_EQ(Make(vfs(), "/app.db-journal", SQLITE_OPEN_MAIN_JOURNAL), SQLITE_IOERR);
  disk.Disarm();
  EXPECT_EQ(Make(vfs(), "/app.db-journal", SQLITE_OPEN_MAIN_JOURNAL), SQLITE_OK);
}

TEST_F(OpenError, FailsTheStatementThatNeedsTheFile) {
  Connection db("/app.db", pool.vfs().name());
  ASSERT_EQ(db.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(1)"), SQLITE_OK);
  ASSERT_EQ(db.Execute("PRAGMA temp_store=file; CREATE TEMP TABLE k(x)"), SQLITE_OK);
  disk.Arm({.of = CallKind::kWrite});
  EXPECT_EQ(db.Execute("PRAGMA journal_mode=wal") & 0xff, SQLITE_IOERR);
  disk.Disarm();
  EXPECT_EQ(db.Query("PRAGMA journal_mode=wal"), "wal");
  EXPECT_EQ(db.Query("SELECT x FROM t"), "1");
}

TEST_F(OpenError, IsForgottenWhereANameIsAskedForAnew) {
  FailBefore();
  std::array<char, 600> path{};
  ASSERT_EQ(vfs()->xFullPathname(vfs(), "x", path.size(), path.data()), SQLITE_OK);
  EXPECT_TRUE(pool.vfs().last_error().ok());
}

TEST_F(OpenError, IsNotThatOfALock) {
  Connection one("/app.db", pool.vfs().name());
  Connection other("/app.db", pool.vfs().name());
  ASSERT_EQ(one.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  for (const char* const mode : {"delete", "wal"}) {
    ASSERT_EQ(one.Query(std::string("PRAGMA journal_mode=") + mode), mode);
    ASSERT_EQ(other.Execute("BEGIN; SELECT * FROM t"), SQLITE_OK);
    ASSERT_EQ(one.Execute("BEGIN IMMEDIATE"), SQLITE_OK);
    FailBefore();
    EXPECT_EQ(other.Execute("INSERT INTO t VALUES(1)"), SQLITE_BUSY);
    EXPECT_EQ(pool.vfs().last_error().text(), "") << mode;
    ASSERT_EQ(other.Execute("COMMIT"), SQLITE_OK);
    ASSERT_EQ(one.Execute("COMMIT"), SQLITE_OK);
  }
}

TEST_F(OpenError, IsForgottenByTheNextTransaction) {
  Connection db("/app.db", pool.vfs().name());
  ASSERT_EQ(db.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  for (const char* const mode : {"delete", "wal"}) {
    ASSERT_EQ(db.Query(std::string("PRAGMA journal_mode=") + mode), mode);
    FailBefore();
    ASSERT_EQ(db.Execute("BEGIN; SELECT * FROM t"), SQLITE_OK);
    EXPECT_EQ(pool.vfs().last_error().text(), "") << mode;
    FailBefore();
    ASSERT_EQ(db.Execute("INSERT INTO t VALUES(1); COMMIT"), SQLITE_OK);
    EXPECT_EQ(pool.vfs().last_error().text(), "") << mode;
  }
}

// Not the refusal of a commit over two VFSes, which is looked for in what is read.
TEST_F(OpenError, OfReadingTheNameOfASuperJournalIsThatOfTheRead) {
  std::vector<std::byte> memory(static_cast<std::size_t>(vfs()->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  constexpr int kFlags = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE;
  ASSERT_EQ(vfs()->xOpen(vfs(), "/app.db-journal", file, kFlags, nullptr), SQLITE_OK);
  // More than is kept back, so that it is in the slot.
  const Bytes journal(WriteBuffer::kCapacity + 1);
  const int size = static_cast<int>(journal.size());
  ASSERT_EQ(file->pMethods->xWrite(file, journal.data(), size, 0), SQLITE_OK);
  const auto name_it = [&] {
    return file->pMethods->xWrite(file, kJournalMagic.data(), kJournalMagic.size(), size);
  };
  for (const auto& [code, result] :
       {std::pair(Code::kFull, SQLITE_FULL), std::pair(Code::kIo, SQLITE_IOERR_WRITE)}) {
    disk.Arm({.of = CallKind::kRead, .code = code});
    EXPECT_EQ(name_it(), result);
    EXPECT_TRUE(pool.vfs().last_error().text().starts_with("reading from /app.db-journal"))
        << pool.vfs().last_error().text();
  }
  disk.Disarm();
  EXPECT_EQ(name_it(), SQLITE_IOERR_WRITE);
  EXPECT_NE(pool.vfs().last_error().text().find("two VFSes"), std::string_view::npos);
  EXPECT_EQ(file->pMethods->xClose(file), SQLITE_OK);
}

TEST_F(OpenError, OfAnImportNamesItsFile) {
  const Bytes database = MakeDatabase("new", 600);
  for (const CallKind call : {CallKind::kWrite, CallKind::kFlush}) {
    for (const int nth : {2, 3}) {
      disk.Arm({.nth = nth, .of = call});
      const Status status = pool.Import("/app.db", database);
      if (!disk.has_hit()) continue;
      EXPECT_EQ(status.code(), Code::kIo);
      EXPECT_TRUE(status.text().ends_with(" (importing /app.db)")) << status.text();
    }
  }
}

}  // namespace
}  // namespace sahpool
