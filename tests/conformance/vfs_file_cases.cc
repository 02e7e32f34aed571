// The sqlite3_io_methods of one file: bytes, sizes and file controls.

#include <sqlite3.h>

#include <cerrno>

#include "tests/conformance/vfs_fixture.h"

namespace sahpool::conformance {
namespace {

constexpr SlotRange kSlots{0, 4};
constexpr sqlite3_int64 kGiB = sqlite3_int64{1} << 30;

Failure ShortReadsAreZeroFilled(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  Buffer bytes(1000);
  REQUIRE(bytes);
  FillPattern(bytes.span(), 1);
  REQUIRE_EQ(file.Read(bytes.span(), 0), SQLITE_IOERR_SHORT_READ);
  REQUIRE(IsZero(bytes.span()));
  FillPattern(bytes.span(), 1);
  REQUIRE_EQ(file.Write(bytes.span(), 0), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 1000);
  REQUIRE_EQ(file.Read(bytes.first(400), 600), SQLITE_OK);
  REQUIRE(HasPattern(bytes.first(400), 1, 600));
  FillPattern(bytes.span(), 2);
  REQUIRE_EQ(file.Read(bytes.span(), 700), SQLITE_IOERR_SHORT_READ);
  REQUIRE(HasPattern(bytes.first(300), 1, 700));
  REQUIRE(IsZero(bytes.span().subspan(300)));
  FillPattern(bytes.span(), 2);
  REQUIRE_EQ(file.Read(bytes.span(), 50000), SQLITE_IOERR_SHORT_READ);
  REQUIRE(IsZero(bytes.span()));
  return {};
}

Failure WritesAndTruncates(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  Buffer bytes(10000);
  REQUIRE(bytes);
  FillPattern(bytes.span(), 3);
  REQUIRE_EQ(file.Write(bytes.span(), 2000), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 12000);
  REQUIRE_EQ(file.Read(bytes.first(2000), 0), SQLITE_OK);
  REQUIRE(IsZero(bytes.first(2000)));
  REQUIRE_EQ(file.Truncate(5000), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 5000);
  REQUIRE_EQ(file.Write(bytes.first(1), 9999), SQLITE_OK);
  REQUIRE_EQ(file.Read(bytes.span(), 0), SQLITE_OK);
  REQUIRE(HasPattern(bytes.span().subspan(2000, 3000), 3));
  REQUIRE(IsZero(bytes.span().subspan(5000)));
  REQUIRE_EQ(file.Sync(), SQLITE_OK);
  REQUIRE_EQ(file.Truncate(0), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 0);
  REQUIRE_EQ(file.Sync(), SQLITE_OK);
  // The slot's header is not part of the file, and outlives its truncation.
  REQUIRE_EQ(file.Close(), SQLITE_OK);
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  REQUIRE_EQ(Exists(vfs, "/a"), 1);
  return {};
}

Failure FilesBeyondFourGibibytes(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  Buffer bytes(4096);
  REQUIRE(bytes);
  FillPattern(bytes.span(), 4);
  REQUIRE_EQ(file.Write(bytes.span(), 0), SQLITE_OK);
  FillPattern(bytes.span(), 5);
  REQUIRE_EQ(file.Write(bytes.span(), 5 * kGiB), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 5 * kGiB + 4096);
  REQUIRE_EQ(file.Read(bytes.span(), 5 * kGiB + 100), SQLITE_IOERR_SHORT_READ);
  REQUIRE(HasPattern(bytes.first(3996), 5, 100));
  REQUIRE(IsZero(bytes.span().subspan(3996)));
  REQUIRE_EQ(file.Read(bytes.span(), 0), SQLITE_OK);
  REQUIRE(HasPattern(bytes.span(), 4));
  REQUIRE_EQ(file.Truncate(4 * kGiB + 1), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 4 * kGiB + 1);
  REQUIRE_EQ(file.Close(), SQLITE_OK);
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 4 * kGiB + 1);
  return {};
}

Failure ChunksSetTheUnitOfGrowth(Backend& backend) {
  constexpr int kChunk = 100000;
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  // Without chunks a hint changes nothing.
  sqlite3_int64 hint = 50000;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 0);
  int chunk = kChunk;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_CHUNK_SIZE, &chunk), SQLITE_OK);
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  REQUIRE_EQ(file.Size(), kChunk);
  hint = kChunk + 1;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 2 * kChunk);
  // A hint never shrinks, truncation keeps whole chunks.
  hint = 1;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 2 * kChunk);
  REQUIRE_EQ(file.Truncate(kChunk + 1), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 2 * kChunk);
  REQUIRE_EQ(file.Truncate(kChunk), SQLITE_OK);
  REQUIRE_EQ(file.Size(), kChunk);
  REQUIRE_EQ(file.Truncate(1), SQLITE_OK);
  REQUIRE_EQ(file.Size(), kChunk);
  REQUIRE_EQ(file.Truncate(0), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 0);
  chunk = 0;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_CHUNK_SIZE, &chunk), SQLITE_OK);
  REQUIRE_EQ(file.Truncate(1), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 1);
  return {};
}

Failure SwitchesAreKeptPerOpen(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  VfsFile other;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(other.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_PERSIST_WAL), 0);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_PERSIST_WAL, 1), 1);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_PERSIST_WAL), 1);
  REQUIRE_EQ(other.ControlInt(SQLITE_FCNTL_PERSIST_WAL), 0);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_PERSIST_WAL, 0), 0);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_PERSIST_WAL), 0);

  const auto powersafe = [](VfsFile& of) {
    return (of.methods().xDeviceCharacteristics(of.get()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
  };
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_POWERSAFE_OVERWRITE), 1);
  REQUIRE(powersafe(file));
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_POWERSAFE_OVERWRITE, 0), 0);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_POWERSAFE_OVERWRITE), 0);
  REQUIRE(!powersafe(file));
  REQUIRE(powersafe(other));
  return {};
}

Failure ControlsAnswer(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  char* name = nullptr;
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_VFSNAME, static_cast<void*>(&name)), SQLITE_OK);
  const Text copy(name);
  sqlite3_free(name);
  REQUIRE_EQ(copy.view(), "conformance");
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_HAS_MOVED), 0);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_NONE);
  REQUIRE_EQ(file.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_LOCKSTATE), SQLITE_LOCK_SHARED);
  REQUIRE_EQ(file.Unlock(SQLITE_LOCK_NONE), SQLITE_OK);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_LAST_ERRNO), 0);
  VfsFile missing;
  REQUIRE_EQ(missing.Open(vfs, "/missing", SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_READWRITE),
             SQLITE_CANTOPEN);
  REQUIRE_EQ(file.ControlInt(SQLITE_FCNTL_LAST_ERRNO), ENOENT);
  int unused = 7;
  REQUIRE_EQ(file.Control(987654, &unused), SQLITE_NOTFOUND);
  REQUIRE_EQ(unused, 7);
  REQUIRE_EQ(file.Control(SQLITE_FCNTL_SYNC, nullptr), SQLITE_NOTFOUND);
  REQUIRE(file.methods().xSectorSize(file.get()) >= 512);
  return {};
}

constexpr Case kCases[] = {
    {"file: short reads are zero-filled", ShortReadsAreZeroFilled},
    {"file: writes and truncates", WritesAndTruncates},
    {"file: beyond 4 GiB", FilesBeyondFourGibibytes},
    {"file: chunks set the unit of growth", ChunksSetTheUnitOfGrowth},
    {"file: switches are kept per open", SwitchesAreKeptPerOpen},
    {"file: controls answer", ControlsAnswer},
};

}  // namespace

std::span<const Case> VfsFileCases() { return kCases; }

}  // namespace sahpool::conformance
