#include "pool_on_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "format/slot_header.h"
#include "sql_connection.h"
#include "sqlite3.h"
#include "transfer/import.h"
#include "transfer/snapshot.h"

namespace sahpool::testing {
namespace {

std::string DescribeRows(Connection& connection) {
  const std::string integrity = connection.Query("PRAGMA integrity_check");
  if (integrity != "ok") return integrity;
  return connection.Query(
      "SELECT group_concat(line) FROM (SELECT tag || '*' || count(*) AS line FROM t GROUP BY tag)");
}

std::string Name(const Fault& fault) {
  return "fault of kind " + std::to_string(static_cast<int>(fault.kind)) + " in call " +
         std::to_string(fault.nth) + (fault.persists ? " and all later ones" : "");
}

}  // namespace

PoolOnDisk::PoolOnDisk(FaultDisk& disk) : disk_(disk), vfs_(PoolVfs::Create(host_, name_.text())) {}

Status PoolOnDisk::Start() {
  for (const std::string& name : disk_.slot_names()) {
    if (Status s = pool().Attach(disk_.Open(name), name); !s.ok()) return s;
  }
  if (Status s = pool().Start(); !s.ok()) return s;
  return vfs_->Register();
}

File* PoolOnDisk::Find(std::string_view name) { return pool().files().Find(Resolved(name)); }

std::vector<std::string> PoolOnDisk::Names() {
  std::vector<std::string> names;
  for (std::int32_t i = 0; const File* file = pool().files().At(SlotState::kNamed, i); ++i) {
    names.emplace_back(file->slot().name().view());
  }
  std::ranges::sort(names);
  return names;
}

Result<Bytes> PoolOnDisk::Export(std::string_view name) {
  File* const file = Find(name);
  if (file == nullptr) return Status(Code::kNotFound, "there is no such file");
  const auto snapshot = vfs_->OpenSnapshot(*file);
  if (!snapshot.ok()) return snapshot.status();
  Bytes bytes(static_cast<std::size_t>(snapshot.value()->size()));
  if (Status s = snapshot.value()->Read(bytes, 0); !s.ok()) return s;
  return bytes;
}

Status PoolOnDisk::Import(std::string_view name, const Bytes& bytes) {
  const auto import = sahpool::Import::Begin(pool(), Resolved(name));
  if (!import.ok()) return import.status();
  // In chunks of a size that is no multiple of anything.
  for (std::size_t at = 0; at < bytes.size(); at += 5000) {
    const std::span chunk =
        std::span(bytes).subspan(at, std::min<std::size_t>(5000, bytes.size() - at));
    if (Status s = import.value()->Write(chunk); !s.ok()) return s;
  }
  return import.value()->Finish();
}

FileName Resolved(std::string_view name) {
  const auto resolved = ResolveFileName(name, UrlDialect());
  EXPECT_TRUE(resolved.ok()) << name;
  return resolved.value();
}

Bytes SlotOf(std::string_view stored_name, std::uint32_t flags, const Bytes& content) {
  const SlotHeaderBytes header = EncodeNamedHeader(stored_name, flags);
  Bytes slot(header.begin(), header.end());
  slot.resize(kSlotDataOffset);
  slot.insert(slot.end(), content.begin(), content.end());
  return slot;
}

void MakeVersion1(Bytes& slot) {
  slot.at(515) &= ~std::byte{0x80};
  std::fill_n(slot.begin() + 516, 8, std::byte{0});
}

void AddFreeSlots(FaultDisk& disk, int count) {
  for (int i = 0; i < count; ++i) {
    disk.AddSlot("s" + std::to_string(i), Bytes(kSlotDataOffset));
  }
}

Bytes MakeDatabase(std::string_view tag, int row_count) {
  Connection connection(":memory:", nullptr);
  EXPECT_EQ(connection.Execute("PRAGMA page_size=1024; CREATE TABLE t(tag, filling);"
                               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                               " WHERE i < " +
                               std::to_string(row_count) +
                               ")"
                               " INSERT INTO t SELECT '" +
                               std::string(tag) + "', zeroblob(900) FROM n"),
            SQLITE_OK);
  sqlite3_int64 size = 0;
  unsigned char* const image = sqlite3_serialize(connection.get(), "main", &size, 0);
  const auto* const start = reinterpret_cast<const std::byte*>(image);
  Bytes bytes(start, start + size);
  sqlite3_free(image);
  return bytes;
}

std::string DescribeDatabase(const Bytes& bytes) {
  Connection connection(":memory:", nullptr);
  Bytes copy = bytes;
  // SQLite opens no WAL database in memory, and needs no WAL to read this one.
  if (copy.size() > 19) copy[18] = copy[19] = std::byte{1};
  auto* const image = reinterpret_cast<unsigned char*>(copy.data());
  const auto size = static_cast<sqlite3_int64>(copy.size());
  if (sqlite3_deserialize(connection.get(), "main", image, size, size,
                          SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
    return "not to be opened";
  }
  return DescribeRows(connection);
}

std::string DescribeFile(PoolOnDisk& pool, std::string_view name) {
  Connection connection(std::string(name), pool.vfs().name(), SQLITE_OPEN_READWRITE);
  if (connection.open_code() != SQLITE_OK) return "not to be opened";
  return DescribeRows(connection);
}

SlotBytes MakeHotPool(std::string_view tag) {
  FaultDisk disk;
  AddFreeSlots(disk, 4);
  PoolOnDisk pool(disk);
  EXPECT_TRUE(pool.Start().ok());
  EXPECT_TRUE(pool.Import("app.db", MakeDatabase(tag, 30)).ok());
  Connection connection("app.db", pool.vfs().name());
  EXPECT_EQ(connection.Execute("PRAGMA cache_size=5; BEGIN; UPDATE t SET tag='lost'"), SQLITE_OK);
  return disk.Everything();
}

SlotBytes MakeWalPool(std::string_view tag, int page_size) {
  FaultDisk disk;
  AddFreeSlots(disk, 4);
  PoolOnDisk pool(disk);
  EXPECT_TRUE(pool.Start().ok());
  Connection connection("app.db", pool.vfs().name());
  EXPECT_EQ(
      connection.Execute("PRAGMA page_size=" + std::to_string(page_size) +
                         "; PRAGMA journal_mode=WAL; CREATE TABLE t(tag, filling);"
                         "INSERT INTO t VALUES('first', zeroblob(900)), ('first', zeroblob(900));"
                         "PRAGMA wal_checkpoint; UPDATE t SET tag='" +
                         std::string(tag) + "'; BEGIN; DELETE FROM t"),
      SQLITE_OK);
  return disk.Everything();
}

const Bytes& SlotNamed(const SlotBytes& slots, std::string_view stored_name) {
  const auto found = std::ranges::find_if(slots, [&](const auto& entry) {
    const std::span<const std::byte, kSlotHeaderSize> header(entry.second.data(), kSlotHeaderSize);
    return DecodeHeader(header).path == stored_name;
  });
  if (found == slots.end()) throw std::logic_error("no slot has that name");
  return found->second;
}

Bytes Renamed(const Bytes& slot, std::string_view stored_name) {
  const std::span<const std::byte, kSlotHeaderSize> header(slot.data(), kSlotHeaderSize);
  const SlotHeaderBytes renamed = EncodeNamedHeader(stored_name, DecodeHeader(header).flags);
  Bytes bytes = slot;
  std::ranges::copy(renamed, bytes.begin());
  return bytes;
}

void CrashRecorder::Check(const std::function<void(PoolOnDisk&)>& check) {
  Record();
  ASSERT_GT(crashes_.size(), 1U);
  for (std::size_t call = 0; call < crashes_.size(); ++call) {
    for (std::size_t i = 0; i < crashes_[call].size(); ++i) {
      SCOPED_TRACE("crash before call " + std::to_string(call) +
                   (call < disk_.log.size() ? " (" + disk_.log[call] + ")" : "") +
                   ", leaving state " + std::to_string(i));
      FaultDisk left(crashes_[call][i]);
      PoolOnDisk restarted(left);
      const Status status = restarted.Start();
      ASSERT_TRUE(status.ok()) << status.text();
      check(restarted);
    }
  }
}

void ForEachCrash(const SlotBytes& start, const std::function<void(PoolOnDisk&)>& operation,
                  const std::function<void(PoolOnDisk&)>& check) {
  FaultDisk disk(start);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  CrashRecorder crashes(disk);
  operation(pool);
  crashes.Check(check);
}

void ForEachFault(const std::function<bool(const Fault&)>& run) {
  using Kind = Fault::Kind;
  for (const Kind kind : {Kind::kError, Kind::kErrorAfterHalf, Kind::kErrorAfterEffect,
                          Kind::kShort, Kind::kNothing}) {
    for (const bool persists : {false, true}) {
      Fault fault{.kind = kind, .nth = 0, .persists = persists};
      for (bool has_hit = true; has_hit && !::testing::Test::HasFatalFailure();) {
        ++fault.nth;
        SCOPED_TRACE(Name(fault));
        has_hit = run(fault);
      }
      EXPECT_GT(fault.nth, 1);
    }
  }
}

void ForEachFault(const SlotBytes& start, const std::function<void(PoolOnDisk&)>& operation,
                  const std::function<void(PoolOnDisk&, FaultDisk&)>& check) {
  ForEachFault([&](const Fault& fault) {
    FaultDisk disk(start);
    PoolOnDisk pool(disk);
    const Status started = pool.Start();
    EXPECT_TRUE(started.ok()) << started.text();
    disk.log.clear();
    disk.Arm(fault);
    operation(pool);
    disk.Disarm();
    check(pool, disk);
    return disk.has_hit();
  });
}

void ExpectAllSlotsAccountedFor(PoolOnDisk& pool, int capacity) {
  const std::vector<std::string> names = pool.Names();
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(pool.pool().files().capacity(), capacity);
  int quarantined = 0;
  while (pool.pool().files().At(SlotState::kQuarantined, quarantined) != nullptr) ++quarantined;
  EXPECT_EQ(pool.pool().files().file_count() + pool.pool().files().free_count() + quarantined,
            capacity);
}

}  // namespace sahpool::testing
