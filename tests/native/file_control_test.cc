// File controls, failures of the storage as SQLite reports them, and calls of the VFS's methods
// that SQLite itself doesn't make.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "database_files.h"
#include "observed_pool.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::Connection;
using testing::Export;
using testing::ObservedPool;
using testing::OpenPool;
using testing::SlotOperation;
using testing::TemporaryDirectory;

class FileControlTest : public ::testing::Test {
 protected:
  int Ask(int operation, int argument = -1) {
    EXPECT_EQ(db_.FileControl(operation, &argument), SQLITE_OK);
    return argument;
  }
  sqlite3_file* File() {
    sqlite3_file* file = nullptr;
    EXPECT_EQ(db_.FileControl(SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    return file;
  }
  sqlite3_int64 FileSize() {
    sqlite3_int64 size = -1;
    EXPECT_EQ(File()->pMethods->xFileSize(File(), &size), SQLITE_OK);
    return size;
  }

  TemporaryDirectory directory_;
  ObservedPool pool_{directory_.PathOf("pool"), 6};
  Connection db_{"/app.db", pool_.vfs_name()};
};

TEST_F(FileControlTest, NamesTheVfs) {
  char* name = nullptr;
  ASSERT_EQ(db_.FileControl(SQLITE_FCNTL_VFSNAME, &name), SQLITE_OK);
  EXPECT_STREQ(name, pool_.vfs_name());
  sqlite3_free(name);
}

TEST_F(FileControlTest, AnUnknownOperationIsNotFound) {
  int argument = 0;
  EXPECT_EQ(db_.FileControl(987654, &argument), SQLITE_NOTFOUND);
}

TEST_F(FileControlTest, AnOpenFileHasNotMoved) {
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_HAS_MOVED), 0);
}

TEST_F(FileControlTest, TellsTheLockThatIsHeld) {
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_NONE);
  ASSERT_EQ(db_.Execute("BEGIN; SELECT * FROM t"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_SHARED);
  ASSERT_EQ(db_.Execute("INSERT INTO t VALUES(1)"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_RESERVED);
  {
    Connection reader("/app.db", pool_.vfs_name());
    ASSERT_EQ(reader.Execute("BEGIN; SELECT * FROM t"), SQLITE_OK);
    EXPECT_EQ(db_.Execute("COMMIT"), SQLITE_BUSY);
    EXPECT_EQ(Ask(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_PENDING);
  }
  ASSERT_EQ(db_.Execute("COMMIT; BEGIN EXCLUSIVE"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_EXCLUSIVE);
  ASSERT_EQ(db_.Execute("ROLLBACK"), SQLITE_OK);
}

TEST_F(FileControlTest, PowersafeOverwriteIsOnUnlessTurnedOff) {
  EXPECT_EQ(Ask(SQLITE_FCNTL_POWERSAFE_OVERWRITE), 1);
  EXPECT_NE(File()->pMethods->xDeviceCharacteristics(File()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0);
  EXPECT_EQ(Ask(SQLITE_FCNTL_POWERSAFE_OVERWRITE, 0), 0);
  EXPECT_EQ(Ask(SQLITE_FCNTL_POWERSAFE_OVERWRITE), 0);
  EXPECT_EQ(File()->pMethods->xDeviceCharacteristics(File()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0);

  Connection off("file:/app.db?psow=0", pool_.vfs_name());
  int argument = -1;
  ASSERT_EQ(off.FileControl(SQLITE_FCNTL_POWERSAFE_OVERWRITE, &argument), SQLITE_OK);
  EXPECT_EQ(argument, 0);
}

TEST_F(FileControlTest, PersistentWalOutlivesTheLastConnection) {
  EXPECT_EQ(Ask(SQLITE_FCNTL_PERSIST_WAL), 0);
  ASSERT_EQ(db_.Query("PRAGMA journal_mode=WAL"), "wal");
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  EXPECT_EQ(Ask(SQLITE_FCNTL_PERSIST_WAL, 1), 1);
  db_.Close();
  EXPECT_TRUE(Export(pool_.vfs(), "/app.db-wal").ok());
  {
    Connection again("/app.db", pool_.vfs_name());
    ASSERT_EQ(again.Execute("INSERT INTO t VALUES(1)"), SQLITE_OK);
  }
  EXPECT_EQ(Export(pool_.vfs(), "/app.db-wal").status().code(), Code::kNotFound);
}

TEST_F(FileControlTest, FilesGrowInChunks) {
  constexpr int kChunk = 100000;
  ASSERT_EQ(Ask(SQLITE_FCNTL_CHUNK_SIZE, kChunk), kChunk);
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  EXPECT_EQ(FileSize(), kChunk);
  ASSERT_EQ(db_.Execute("INSERT INTO t VALUES(zeroblob(150000))"), SQLITE_OK);
  EXPECT_EQ(FileSize(), 2 * kChunk);
  sqlite3_int64 hint = 3 * kChunk + 1;
  ASSERT_EQ(db_.FileControl(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  EXPECT_EQ(FileSize(), 4 * kChunk);
  hint = 1;
  ASSERT_EQ(db_.FileControl(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  EXPECT_EQ(FileSize(), 4 * kChunk);
  ASSERT_EQ(db_.Execute("DELETE FROM t; VACUUM"), SQLITE_OK);
  EXPECT_EQ(FileSize(), kChunk);
  EXPECT_EQ(db_.Query("PRAGMA integrity_check"), "ok");
}

TEST_F(FileControlTest, ASizeHintWithoutAChunkSizeChangesNothing) {
  sqlite3_int64 hint = 1000000;
  ASSERT_EQ(db_.FileControl(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  EXPECT_EQ(FileSize(), 0);
}

struct MethodFault {
  SlotOperation operation;
  Code code;
  int result;
  int error_number;
};

TEST_F(FileControlTest, AFaultHasItsCodeItsTextAndItsErrno) {
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
  for (const MethodFault& fault :
       {MethodFault{SlotOperation::kWrite, Code::kFull, SQLITE_FULL, ENOSPC},
        MethodFault{SlotOperation::kWrite, Code::kIo, SQLITE_IOERR_WRITE, EIO},
        MethodFault{SlotOperation::kFlush, Code::kIo, SQLITE_IOERR_FSYNC, EIO}}) {
    ASSERT_EQ(db_.Execute("BEGIN; UPDATE t SET a = 2"), SQLITE_OK);
    pool_.observer = [&](SlotOperation operation) {
      return operation == fault.operation ? Status(fault.code, "the disk is tired") : Status();
    };
    EXPECT_EQ(db_.Execute("COMMIT"), fault.result);
    EXPECT_EQ(Ask(SQLITE_FCNTL_LAST_ERRNO), fault.error_number);
    std::array<char, 200> text{};
    sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_.vfs_name());
    EXPECT_EQ(vfs->xGetLastError(vfs, static_cast<int>(text.size()), text.data()) & 0xff,
              fault.result & 0xff);
    EXPECT_NE(std::string(text.data()).find("the disk is tired"), std::string::npos) << text.data();
    pool_.observer = nullptr;
    if (sqlite3_get_autocommit(db_.get()) == 0) {
      EXPECT_EQ(db_.Execute("ROLLBACK"), SQLITE_OK);
    }
    EXPECT_EQ(db_.Query("SELECT a FROM t"), "1");
    EXPECT_EQ(Ask(SQLITE_FCNTL_LAST_ERRNO), 0) << "a new transaction has begun";
  }
  EXPECT_EQ(db_.Query("PRAGMA integrity_check"), "ok");
}

TEST_F(FileControlTest, AFaultWhileReadingIsReported) {
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
  Connection reader("/app.db", pool_.vfs_name());
  pool_.observer = [](SlotOperation operation) {
    return operation == SlotOperation::kRead ? Status(Code::kIo, "unreadable") : Status();
  };
  EXPECT_EQ(reader.Execute("SELECT a FROM t"), SQLITE_IOERR_READ);
  pool_.observer = nullptr;
  EXPECT_EQ(reader.Query("SELECT a FROM t"), "1");
}

// Only with SQLITE_OPEN_URI do parameters follow the end of a name. Without it whatever lies there
// is none of the VFS's business.
TEST_F(FileControlTest, ParametersAreReadOnlyWhereThereAreSome) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_.vfs_name());
  constexpr std::string_view kMemory(
      "\0\0\0\0/raw.bin\0psow\0"
      "0\0\0\0",
      22);
  const char* const name = kMemory.data() + 4;
  std::vector<std::byte> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  for (const int uri : {0, SQLITE_OPEN_URI}) {
    int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | uri;
    ASSERT_EQ(vfs->xOpen(vfs, name, file, flags, &flags), SQLITE_OK);
    const bool is_powersafe =
        (file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
    EXPECT_EQ(is_powersafe, uri == 0);
    EXPECT_EQ(file->pMethods->xClose(file), SQLITE_OK);
  }
}

TEST_F(FileControlTest, ReadsWritesAndDeletesByTheRules) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_.vfs_name());
  const char* const name = "/raw.bin";
  std::vector<std::byte> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  ASSERT_EQ(vfs->xOpen(vfs, name, file, flags, &flags), SQLITE_OK);
  EXPECT_EQ(file->pMethods->xWrite(file, "abc", 3, 5), SQLITE_OK);
  std::array<char, 10> read{};
  EXPECT_EQ(file->pMethods->xRead(file, read.data(), 10, 0), SQLITE_IOERR_SHORT_READ);
  EXPECT_EQ(std::memcmp(read.data(), "\0\0\0\0\0abc\0", 10), 0);
  EXPECT_EQ(file->pMethods->xClose(file), SQLITE_OK);
  EXPECT_EQ(vfs->xOpen(vfs, name, file, flags | SQLITE_OPEN_EXCLUSIVE, &flags), SQLITE_CANTOPEN);
  EXPECT_EQ(vfs->xDelete(vfs, name, 0), SQLITE_OK);
  EXPECT_EQ(vfs->xDelete(vfs, name, 0), SQLITE_IOERR_DELETE_NOENT);
}

// What a journal will undo is given up at the unlock when the disk refuses it. Until then it was
// read, and read ahead, like any other bytes.
TEST_F(FileControlTest, WhatIsGivenUpIsNotReadAgain) {
  constexpr int kUnit = 1024;
  constexpr int kPageCount = 16;
  sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_.vfs_name());
  const auto size = static_cast<std::size_t>(vfs->szOsFile);
  std::vector<std::byte> memory(size);
  std::vector<std::byte> journal_memory(size);
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  auto* const journal = reinterpret_cast<sqlite3_file*>(journal_memory.data());
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  ASSERT_EQ(vfs->xOpen(vfs, "/raw.db", file, kFlags | SQLITE_OPEN_MAIN_DB, nullptr), SQLITE_OK);
  ASSERT_EQ(vfs->xOpen(vfs, "/raw.db-journal", journal, kFlags | SQLITE_OPEN_MAIN_JOURNAL, nullptr),
            SQLITE_OK);
  const sqlite3_io_methods& methods = *file->pMethods;
  const auto write_all = [&](char content) {
    const std::string bytes(std::size_t{kUnit} * kPageCount, content);
    return methods.xWrite(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  };
  const auto read_page = [&](int page) {
    std::string bytes(kUnit, '?');
    EXPECT_EQ(methods.xRead(file, bytes.data(), kUnit, page * kUnit), SQLITE_OK);
    return bytes.front();
  };
  ASSERT_EQ(write_all('a'), SQLITE_OK);
  ASSERT_EQ(methods.xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
  for (const int level : {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED, SQLITE_LOCK_EXCLUSIVE}) {
    ASSERT_EQ(methods.xLock(file, level), SQLITE_OK);
  }
  ASSERT_EQ(methods.xWrite(journal, "undoes it", 9, 0), SQLITE_OK);
  ASSERT_EQ(write_all('b'), SQLITE_OK);
  for (int page = 0; page < kPageCount / 2; ++page) {
    EXPECT_EQ(read_page(page), 'b') << page;
  }
  pool_.observer = [](SlotOperation operation) {
    return operation == SlotOperation::kWrite ? Status(Code::kFull, "full") : Status();
  };
  EXPECT_EQ(methods.xUnlock(file, SQLITE_LOCK_NONE), SQLITE_OK);
  pool_.observer = nullptr;
  for (int page = kPageCount / 2; page < kPageCount; ++page) {
    EXPECT_EQ(read_page(page), 'a') << page;
  }
  EXPECT_EQ(methods.xClose(journal), SQLITE_OK);
  EXPECT_EQ(methods.xClose(file), SQLITE_OK);
}

TEST_F(FileControlTest, ANamedTemporaryFileIsDeletedOnClose) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_.vfs_name());
  std::vector<std::byte> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  int flags =
      SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE;
  ASSERT_EQ(vfs->xOpen(vfs, "/temporary", file, flags, &flags), SQLITE_OK);
  ASSERT_EQ(file->pMethods->xWrite(file, "abc", 3, 0), SQLITE_OK);
  int exists = 0;
  EXPECT_EQ(vfs->xAccess(vfs, "/temporary", SQLITE_ACCESS_EXISTS, &exists), SQLITE_OK);
  EXPECT_EQ(exists, 1);
  EXPECT_EQ(file->pMethods->xClose(file), SQLITE_OK);
  EXPECT_EQ(vfs->xAccess(vfs, "/temporary", SQLITE_ACCESS_EXISTS, &exists), SQLITE_OK);
  EXPECT_EQ(exists, 0);
}

// An export is refused only while the original pages of a transaction are nowhere in the pool.
class ExportBesideAnExclusiveLockTest : public FileControlTest {
 protected:
  static constexpr const char* kGrow =
      "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 100)"
      "INSERT INTO t SELECT zeroblob(1000) FROM n";

  void Prepare(const std::string& journal_mode) {
    ASSERT_EQ(db_.Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=5;"
                          "PRAGMA journal_mode=" +
                          journal_mode + "; CREATE TABLE t(a); INSERT INTO t VALUES(1)"),
              SQLITE_OK);
  }
  Code ExportCode() { return Export(pool_.vfs(), "/app.db").status().code(); }
};

TEST_F(ExportBesideAnExclusiveLockTest, RefusedWithoutAJournalFile) {
  Prepare("MEMORY");
  EXPECT_EQ(ExportCode(), Code::kOk);
  ASSERT_EQ(db_.Execute(std::string("BEGIN;") + kGrow), SQLITE_OK);
  EXPECT_EQ(ExportCode(), Code::kBusy);
  ASSERT_EQ(db_.Execute("COMMIT"), SQLITE_OK);
  EXPECT_EQ(ExportCode(), Code::kOk);
}

TEST_F(ExportBesideAnExclusiveLockTest, PossibleAgainAfterARollback) {
  for (const char* mode : {"DELETE", "TRUNCATE", "PERSIST"}) {
    Prepare(mode);
    ASSERT_EQ(db_.Execute(std::string("BEGIN;") + kGrow), SQLITE_OK);
    EXPECT_EQ(ExportCode(), Code::kOk) << mode;
    ASSERT_EQ(db_.Execute("ROLLBACK"), SQLITE_OK);
    EXPECT_EQ(ExportCode(), Code::kOk) << mode;
    ASSERT_EQ(db_.Execute("DROP TABLE t"), SQLITE_OK);
  }
}

TEST_F(ExportBesideAnExclusiveLockTest, PossibleAfterACheckpoint) {
  Prepare("WAL");
  ASSERT_EQ(db_.Execute(kGrow), SQLITE_OK);
  ASSERT_EQ(db_.Query("PRAGMA wal_checkpoint(TRUNCATE)"), "0|0|0");
  EXPECT_EQ(ExportCode(), Code::kOk);
}

// SQLite has checkpointed and deleted the WAL, and keeps its lock, when it fails to write the new
// mode into the database.
TEST_F(ExportBesideAnExclusiveLockTest, PossibleAfterAFailureToLeaveWalMode) {
  for (const SlotOperation failing : {SlotOperation::kRead, SlotOperation::kWrite,
                                      SlotOperation::kTruncate, SlotOperation::kFlush}) {
    int last_failure = 0;
    for (int nth = 1; nth <= last_failure + 1; ++nth) {
      SCOPED_TRACE(std::to_string(static_cast<int>(failing)) + " " + std::to_string(nth));
      Prepare("WAL");
      ASSERT_EQ(db_.Execute(kGrow), SQLITE_OK);
      int seen = 0;
      pool_.observer = [&](SlotOperation operation) {
        if (operation == failing && ++seen == nth) return Status(Code::kIo, "the disk is tired");
        return Status();
      };
      const int code = db_.Execute("PRAGMA journal_mode=PERSIST");
      pool_.observer = nullptr;
      if (seen >= nth) last_failure = nth;
      EXPECT_EQ(ExportCode(), Code::kOk) << code;
      ASSERT_EQ(db_.Execute("DROP TABLE t"), SQLITE_OK);
    }
    EXPECT_GT(last_failure, 0);
  }
}

}  // namespace
}  // namespace sahpool
