// The sqlite3_vfs methods: opening in all its ways, deleting, names, time and randomness.

#include <sqlite3.h>

#include <array>

#include "tests/conformance/vfs_fixture.h"

namespace sahpool::conformance {
namespace {

constexpr int kCapacity = 4;
constexpr SlotRange kSlots{0, kCapacity};
constexpr int kReadWrite = SQLITE_OPEN_READWRITE;
constexpr int kCreate = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

Failure OpensAreAskedForByFlags(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  // For each type of file: READONLY and READWRITE want it to exist, CREATE makes it, EXCLUSIVE
  // wants it to be new.
  constexpr std::array kTypes = {SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL,
                                 SQLITE_OPEN_SUPER_JOURNAL, SQLITE_OPEN_WAL};
  for (const int type : kTypes) {
    VfsFile file;
    REQUIRE_EQ(file.Open(vfs, "/a", type | SQLITE_OPEN_READONLY), SQLITE_CANTOPEN);
    REQUIRE(!file.is_open());
    REQUIRE_EQ(file.Open(vfs, "/a", type | kReadWrite), SQLITE_CANTOPEN);
    REQUIRE_EQ(file.Open(vfs, "/a", type | kReadWrite | SQLITE_OPEN_EXCLUSIVE), SQLITE_CANTOPEN);
    REQUIRE_EQ(Exists(vfs, "/a"), 0);
    REQUIRE_EQ(file.Open(vfs, "/a", type | kCreate | SQLITE_OPEN_EXCLUSIVE), SQLITE_OK);
    REQUIRE_EQ(file.Close(), SQLITE_OK);
    REQUIRE_EQ(Exists(vfs, "/a"), 1);
    REQUIRE_EQ(file.Open(vfs, "/a", type | kCreate | SQLITE_OPEN_EXCLUSIVE), SQLITE_CANTOPEN);
    REQUIRE(!file.is_open());
    for (const int access : {SQLITE_OPEN_READONLY, kReadWrite, kCreate}) {
      int out_flags = 0;
      REQUIRE_EQ(file.Open(vfs, "/a", type | access, &out_flags), SQLITE_OK);
      REQUIRE_EQ(out_flags & (SQLITE_OPEN_READONLY | SQLITE_OPEN_READWRITE), access & 3);
      REQUIRE_EQ(file.Size(), 0);
      REQUIRE_EQ(file.Close(), SQLITE_OK);
    }
    REQUIRE_EQ(vfs.sqlite()->xDelete(vfs.sqlite(), "/a", 0), SQLITE_OK);
  }
  REQUIRE_EQ(vfs.pool().files().free_count(), kCapacity);
  return {};
}

Failure OpensShareAFile(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile first;
  VfsFile second;
  REQUIRE_EQ(first.Open(vfs, "/a.db", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(second.Open(vfs, "/dir/../a.db", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(vfs->open_count(), 2);
  Buffer bytes(100);
  REQUIRE(bytes);
  FillPattern(bytes.span(), 1);
  REQUIRE_EQ(first.Write(bytes.span(), 0), SQLITE_OK);
  FillPattern(bytes.span(), 2);
  REQUIRE_EQ(second.Read(bytes.span(), 0), SQLITE_OK);
  REQUIRE(HasPattern(bytes.span(), 1));
  REQUIRE_EQ(first.Close(), SQLITE_OK);
  REQUIRE_EQ(vfs->open_count(), 1);
  REQUIRE_EQ(second.Size(), 100);
  REQUIRE(!vfs->Unregister().ok());
  REQUIRE_EQ(second.Close(), SQLITE_OK);
  REQUIRE_EQ(vfs->open_count(), 0);
  return {};
}

Failure DeleteOnCloseDeletes(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  constexpr int kFlags = kCreate | SQLITE_OPEN_DELETEONCLOSE;
  for (const int type : {SQLITE_OPEN_TEMP_DB, SQLITE_OPEN_TRANSIENT_DB, SQLITE_OPEN_TEMP_JOURNAL,
                         SQLITE_OPEN_SUBJOURNAL, SQLITE_OPEN_MAIN_DB}) {
    REQUIRE_EQ(file.Open(vfs, "/t", kFlags | type), SQLITE_OK);
    Buffer bytes(5000);
    REQUIRE(bytes);
    REQUIRE_EQ(file.Write(bytes.span(), 0), SQLITE_OK);
    REQUIRE_EQ(Exists(vfs, "/t"), 1);
    REQUIRE_EQ(file.Close(), SQLITE_OK);
    REQUIRE_EQ(Exists(vfs, "/t"), 0);
    REQUIRE_EQ(vfs.pool().files().free_count(), kCapacity);
  }
  return {};
}

Failure NamelessFilesAreApart(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  constexpr int kFlags =
      kCreate | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB;
  std::array<VfsFile, kCapacity> files;
  Buffer bytes(5000);
  REQUIRE(bytes);
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    REQUIRE_EQ(files[i].Open(vfs, nullptr, kFlags), SQLITE_OK);
    FillPattern(bytes.span(), i);
    REQUIRE_EQ(files[i].Write(bytes.span(), 0), SQLITE_OK);
  }
  REQUIRE_EQ(vfs.pool().files().file_count(), 0);
  REQUIRE_EQ(vfs.pool().files().free_count(), 0);
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    REQUIRE_EQ(files[i].Read(bytes.span(), 0), SQLITE_OK);
    REQUIRE(HasPattern(bytes.span(), i));
    REQUIRE_EQ(files[i].Close(), SQLITE_OK);
  }
  REQUIRE_EQ(vfs.pool().files().free_count(), kCapacity);
  // The bytes of the last one are not in the next.
  REQUIRE_EQ(files[0].Open(vfs, nullptr, kFlags), SQLITE_OK);
  REQUIRE_EQ(files[0].Size(), 0);
  REQUIRE_EQ(files[0].Write(bytes.first(1), 999), SQLITE_OK);
  REQUIRE_EQ(files[0].Read(bytes.first(999), 0), SQLITE_OK);
  REQUIRE(IsZero(bytes.first(999)));
  return {};
}

Failure FullPoolCantOpen(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  std::array<VfsFile, kCapacity> files;
  constexpr std::array kNames = {"/a", "/b", "/c", "/d"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    REQUIRE_EQ(files[i].Open(vfs, kNames[i], kOpenDatabase), SQLITE_OK);
  }
  VfsFile more;
  REQUIRE_EQ(more.Open(vfs, "/e", kOpenDatabase), SQLITE_CANTOPEN);
  REQUIRE(!more.is_open());
  REQUIRE_EQ(more.Open(vfs, nullptr, kCreate | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB),
             SQLITE_CANTOPEN);
  REQUIRE(vfs->last_error().text().find("the pool is full") != std::string_view::npos);
  // What exists still opens.
  REQUIRE_EQ(more.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  return {};
}

Failure DeleteRemovesFiles(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  sqlite3_vfs* const sqlite = vfs.sqlite();
  REQUIRE_EQ(sqlite->xDelete(sqlite, "/a", 0), SQLITE_IOERR_DELETE_NOENT);
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(sqlite->xDelete(sqlite, "/a", 0), SQLITE_IOERR_DELETE);
  REQUIRE_EQ(Exists(vfs, "/a"), 1);
  REQUIRE_EQ(file.Size(), 0);
  REQUIRE_EQ(file.Close(), SQLITE_OK);
  REQUIRE_EQ(sqlite->xDelete(sqlite, "/a", 1), SQLITE_OK);
  REQUIRE_EQ(Exists(vfs, "/a"), 0);
  REQUIRE_EQ(sqlite->xDelete(sqlite, "/a", 1), SQLITE_IOERR_DELETE_NOENT);
  return {};
}

Failure DeleteEmptiesAnOpenJournal(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/a-journal", kOpenJournal), SQLITE_OK);
  Buffer bytes(1000);
  REQUIRE(bytes);
  REQUIRE_EQ(file.Write(bytes.span(), 0), SQLITE_OK);
  REQUIRE_EQ(vfs.sqlite()->xDelete(vfs.sqlite(), "/a-journal", 0), SQLITE_OK);
  REQUIRE_EQ(file.Size(), 0);
  // The file still belongs to the one that has it open, and is found again.
  REQUIRE_EQ(file.Write(bytes.first(10), 0), SQLITE_OK);
  REQUIRE_EQ(Exists(vfs, "/a-journal"), 1);
  REQUIRE_EQ(file.Close(), SQLITE_OK);
  REQUIRE_EQ(vfs.sqlite()->xDelete(vfs.sqlite(), "/a-journal", 0), SQLITE_OK);
  REQUIRE_EQ(Exists(vfs, "/a-journal"), 0);
  return {};
}

// What xAccess answers; -1 when it fails.
int Access(const TestVfs& vfs, const char* name, int kind) {
  int result = -1;
  return vfs.sqlite()->xAccess(vfs.sqlite(), name, kind, &result) == SQLITE_OK ? result : -1;
}

Failure AccessTellsWhatExists(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/dir/a", kOpenDatabase), SQLITE_OK);
  // As in SQLite's own VFSes an empty file does not "exist": it must not pass for a journal.
  REQUIRE_EQ(Access(vfs, "/dir/a", SQLITE_ACCESS_EXISTS), 0);
  REQUIRE_EQ(Access(vfs, "/dir/a", SQLITE_ACCESS_READ), 1);
  REQUIRE_EQ(Access(vfs, "/dir/a", SQLITE_ACCESS_READWRITE), 1);
  Buffer bytes(1);
  REQUIRE(bytes);
  REQUIRE_EQ(file.Write(bytes.span(), 0), SQLITE_OK);
  for (const int kind : {SQLITE_ACCESS_EXISTS, SQLITE_ACCESS_READWRITE, SQLITE_ACCESS_READ}) {
    for (const char* const name : {"/dir/a", "dir/a", "/dir/./a"}) {
      REQUIRE_EQ(Access(vfs, name, kind), 1);
    }
    for (const char* const name : {"/a", "/dir", "/dir/a-journal", "/dir/A"}) {
      REQUIRE_EQ(Access(vfs, name, kind), 0);
    }
  }
  return {};
}

Failure FullPathnameResolves(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  sqlite3_vfs* const sqlite = vfs.sqlite();
  // SQLite opens none whose name with "-journal" is longer.
  REQUIRE(sqlite->mxPathname >= 510 + 8);
  Buffer out(static_cast<std::size_t>(sqlite->mxPathname) + 1);
  REQUIRE(out);
  auto* const text = reinterpret_cast<char*>(out.data());
  struct Example {
    const char* name;
    std::string_view full;
  };
  constexpr std::array kExamples = {
      Example{"a.db", "/a.db"},
      Example{"/a.db", "/a.db"},
      Example{"x/../y/./z", "/y/z"},
      Example{"../../a", "/a"},
      Example{"a b", "/a%20b"},
      Example{"\xC3\xBC", "/%C3%BC"},
      Example{"back\\slash", "/back/slash"},
      Example{"/a#b?c", "/a#b?c"},
  };
  for (const Example& example : kExamples) {
    REQUIRE_EQ(sqlite->xFullPathname(sqlite, example.name, out.size(), text), SQLITE_OK);
    REQUIRE_EQ(text, example.full);
  }
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, "a.db", 6, text), SQLITE_OK);
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, "a.db", 5, text), SQLITE_CANTOPEN);
  Buffer long_name(600);
  REQUIRE(long_name);
  std::ranges::fill(long_name.first(599), std::byte{'n'});
  const auto* const name = reinterpret_cast<const char*>(long_name.data());
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, name, out.size(), text), SQLITE_CANTOPEN);
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, name, kOpenDatabase), SQLITE_CANTOPEN);
  // One of the greatest length that a slot can hold, then of the greatest that a database can have.
  long_name.span()[509] = std::byte{0};
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, name, out.size(), text), SQLITE_OK);
  REQUIRE_EQ(file.Open(vfs, text, kOpenDatabase), SQLITE_CANTOPEN);
  long_name.span()[498] = std::byte{0};
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, name, out.size(), text), SQLITE_OK);
  REQUIRE_EQ(file.Open(vfs, text, kOpenDatabase), SQLITE_CANTOPEN);
  long_name.span()[497] = std::byte{0};
  REQUIRE_EQ(sqlite->xFullPathname(sqlite, name, out.size(), text), SQLITE_OK);
  REQUIRE_EQ(file.Open(vfs, text, kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(Exists(vfs, text), 1);
  return {};
}

Failure RandomnessFills(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  Buffer bytes(64);
  REQUIRE(bytes);
  auto* const out = reinterpret_cast<char*>(bytes.data());
  REQUIRE_EQ(vfs.sqlite()->xRandomness(vfs.sqlite(), 32, out), 32);
  REQUIRE(!IsZero(bytes.first(32)));
  REQUIRE(IsZero(bytes.span().subspan(32)));
  REQUIRE_EQ(vfs.sqlite()->xRandomness(vfs.sqlite(), 32, out + 32), 32);
  REQUIRE(!std::ranges::equal(bytes.first(32), bytes.span().subspan(32)));
  return {};
}

Failure ClocksAgree(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  sqlite3_vfs* const sqlite = vfs.sqlite();
  REQUIRE(sqlite->iVersion >= 2);
  sqlite3_int64 milliseconds = 0;
  double days = 0;
  REQUIRE_EQ(sqlite->xCurrentTimeInt64(sqlite, &milliseconds), SQLITE_OK);
  REQUIRE_EQ(sqlite->xCurrentTime(sqlite, &days), SQLITE_OK);
  const double difference = days * 86400000.0 - static_cast<double>(milliseconds);
  REQUIRE(difference > -1000 && difference < 10000);
  constexpr sqlite3_int64 kUnixEpoch = 210866760000000;
  const sqlite3_int64 since = milliseconds - kUnixEpoch - backend.host().NowMilliseconds();
  REQUIRE(since > -10000 && since <= 0);
  const int slept = sqlite->xSleep(sqlite, 2000);
  REQUIRE(slept == 0 || slept >= 2000);
  return {};
}

Failure LastErrorHasAText(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  sqlite3_vfs* const sqlite = vfs.sqlite();
  std::array<char, 200> text{};
  REQUIRE_EQ(sqlite->xGetLastError(sqlite, static_cast<int>(text.size()), text.data()), SQLITE_OK);
  REQUIRE_EQ(text.data(), "");
  VfsFile file;
  REQUIRE_EQ(file.Open(vfs, "/missing", SQLITE_OPEN_MAIN_DB | kReadWrite), SQLITE_CANTOPEN);
  REQUIRE(sqlite->xGetLastError(sqlite, static_cast<int>(text.size()), text.data()) != SQLITE_OK);
  REQUIRE_EQ(text.data(), "there is no file /missing");
  REQUIRE(sqlite->xGetLastError(sqlite, 6, text.data()) != SQLITE_OK);
  REQUIRE_EQ(text.data(), "there");
  return {};
}

constexpr Case kCases[] = {
    {"vfs: xOpen does what its flags say", OpensAreAskedForByFlags},
    {"vfs: opens of one name share a file", OpensShareAFile},
    {"vfs: DELETEONCLOSE deletes", DeleteOnCloseDeletes},
    {"vfs: nameless files are apart and go away", NamelessFilesAreApart},
    {"vfs: nothing new opens in a full pool", FullPoolCantOpen},
    {"vfs: xDelete removes files", DeleteRemovesFiles},
    {"vfs: xDelete empties a journal that is open", DeleteEmptiesAnOpenJournal},
    {"vfs: xAccess tells what exists", AccessTellsWhatExists},
    {"vfs: xFullPathname resolves names", FullPathnameResolves},
    {"vfs: xRandomness fills", RandomnessFills},
    {"vfs: clocks agree", ClocksAgree},
    {"vfs: xGetLastError has a text", LastErrorHasAText},
};

}  // namespace

std::span<const Case> VfsOpenCases() { return kCases; }

}  // namespace sahpool::conformance
