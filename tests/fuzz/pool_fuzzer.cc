// A pool over arbitrary slots, then arbitrary operations on it, some of which the disk fails. No
// start and no operation changes a byte of a file that it was not asked to change, or of a
// quarantined slot; every slot is a file, free or quarantined, and no two files have one name.

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "format/database_header.h"
#include "fuzz_input.h"
#include "pool_on_disk.h"

namespace sahpool::fuzz {
namespace {

using testing::FaultDisk;
using testing::PoolOnDisk;
using testing::SlotBytes;

Bytes ContentOf(const Bytes& slot) {
  return slot.size() > kSlotDataOffset ? Bytes(slot.begin() + kSlotDataOffset, slot.end())
                                       : Bytes();
}

// Whether a start may empty the slot: it holds no file that is meant to stay, and no database
// stands behind a header that vouches for nothing.
bool MayBeEmptied(const Bytes& slot) {
  Bytes header = slot;
  header.resize(kSlotHeaderSize);
  const DecodedHeader decoded = DecodeHeader(std::span<const std::byte, kSlotHeaderSize>(header));
  const Bytes content = ContentOf(slot);
  switch (decoded.kind) {
    case HeaderKind::kFree:
      return !HasDatabaseMagic(content);
    case HeaderKind::kTemporary:
      return decoded.has_digest || !HasDatabaseMagic(content);
    case HeaderKind::kNamed: {
      if (content.empty()) return true;
      // A journal that should have a seal and has none was never complete, and by one without a
      // header SQLite rolls nothing back.
      const bool has_header = content.front() != std::byte{0};
      return (decoded.flags & open_flag::kMainJournal) != 0 &&
             ((decoded.flags & open_flag::kSealedJournal) != 0 || !has_header);
    }
    case HeaderKind::kUnbelievable:
      break;
  }
  return false;
}

// Every slot holds the bytes that it held before, unless they are those of no file.
void ExpectKept(const SlotBytes& before, FaultDisk& disk) {
  for (const auto& [name, slot] : before) {
    EXPECT_TRUE(MayBeEmptied(slot) || ContentOf(disk.bytes(name)) == ContentOf(slot)) << name;
  }
}

// What a run expects of the files of a pool, by name.
using Files = std::map<std::string, Bytes>;

Files FilesOf(PoolOnDisk& pool, FaultDisk& disk) {
  Files files;
  for (std::int32_t i = 0; const File* file = pool.pool().files().At(SlotState::kNamed, i); ++i) {
    const Bytes content = ContentOf(disk.bytes(std::string(file->slot().slot_name())));
    EXPECT_TRUE(files.emplace(file->slot().name().view(), content).second)
        << "a name is there twice";
  }
  return files;
}

SlotBytes QuarantinedOf(PoolOnDisk& pool, FaultDisk& disk) {
  SlotBytes quarantined;
  for (std::int32_t i = 0; const File* file = pool.pool().files().At(SlotState::kQuarantined, i);
       ++i) {
    EXPECT_FALSE(file->slot().quarantine_reason().empty());
    const std::string name(file->slot().slot_name());
    quarantined[name] = disk.bytes(name);
  }
  return quarantined;
}

// One pool under fuzz, and what must be true of it.
class Run {
 public:
  Run(FuzzedDataProvider& input, const SlotBytes& slots)
      : input_(input), disk_(slots), pool_(std::make_unique<PoolOnDisk>(disk_)) {}

  void CheckStart(const SlotBytes& slots);
  void Operate();
  void CheckRestart();

 private:
  Pool& pool() { return pool_->pool(); }
  bool IsTouched(const std::string& name) const {
    return std::ranges::any_of(touched_,
                               [&](const std::string& stem) { return name.starts_with(stem); });
  }
  void ExpectFiles(PoolOnDisk& pool, FaultDisk& disk) const;
  std::string TakeSlotName();
  void Perform(int operation, const FileName& name);
  void Create(const FileName& name);
  void WriteThroughVfs(const FileName& name);
  void Import(const FileName& name);
  void ExpectJournalOf(const FileName& database);

  FuzzedDataProvider& input_;
  FaultDisk disk_;
  std::unique_ptr<PoolOnDisk> pool_;
  Files files_;
  SlotBytes quarantined_;
  // Names of which a fault left unknown what they and their journals hold.
  std::vector<std::string> touched_;
};

void Run::CheckStart(const SlotBytes& slots) {
  const CrashAt crash(disk_, input_);
  const Status started = pool_->Start();
  ASSERT_TRUE(started.ok()) << started.text();
  testing::ExpectAllSlotsAccountedFor(*pool_, static_cast<int>(slots.size()));
  files_ = FilesOf(*pool_, disk_);
  quarantined_ = QuarantinedOf(*pool_, disk_);
  for (const auto& [name, before] : quarantined_) EXPECT_TRUE(before == slots.at(name)) << name;
  ExpectKept(slots, disk_);
  disk_.log.clear();
  PoolOnDisk again(disk_);
  ASSERT_TRUE(again.Start().ok());
  EXPECT_TRUE(disk_.log.empty()) << disk_.log.front();
  EXPECT_TRUE(FilesOf(again, disk_) == files_);
  EXPECT_TRUE(QuarantinedOf(again, disk_) == quarantined_);
  if (crash.left().empty()) return;
  // After a crash in the middle of the start another one goes on.
  FaultDisk left(crash.left());
  ExpectKept(slots, left);
  PoolOnDisk restarted(left);
  ASSERT_TRUE(restarted.Start().ok());
  ExpectKept(slots, left);
}

// All that was not touched by a fault is there as it was.
void Run::ExpectFiles(PoolOnDisk& pool, FaultDisk& disk) const {
  const Files now = FilesOf(pool, disk);
  for (const auto& [name, content] : files_) {
    if (IsTouched(name)) continue;
    EXPECT_TRUE(now.contains(name)) << name;
    EXPECT_TRUE(now.at(name) == content) << name;
    EXPECT_EQ(pool.pool().files().Find(FileName::FromStored(name).value())->size(),
              std::ssize(content));
  }
  for (const auto& [name, content] : now) {
    EXPECT_TRUE(files_.contains(name) || IsTouched(name)) << name;
  }
}

std::string Run::TakeSlotName() {
  const auto names = disk_.slot_names();
  return names[input_.ConsumeIntegralInRange<std::size_t>(0, names.size() - 1)];
}

void Run::Create(const FileName& name) {
  // A rollback journal lasts when SQLite flushes it, no sooner.
  std::uint32_t flags =
      TakeOpenFlags(input_) & ~(open_flag::kDeleteOnClose | open_flag::kMainJournal);
  if ((flags & open_flag::kPersistentTypes) == 0) flags |= open_flag::kMainDb;
  const bool is_too_long = (flags & open_flag::kMainDb) != 0 && !name.CheckForDatabase().ok();
  const bool is_possible =
      pool().files().Find(name) == nullptr && pool().files().free_count() > 0 && !is_too_long;
  const bool created = pool().Create(name, flags).ok();
  if (touched_.empty()) {
    EXPECT_EQ(created, is_possible);
  }
  if (created) files_[std::string(name.view())] = {};
}

// Opens, changes, syncs and closes a file as SQLite does.
void Run::WriteThroughVfs(const FileName& name) {
  // A WAL gets zeros behind what was written.
  if (const File* file = pool().files().Find(name);
      file != nullptr && file->kind() == FileKind::kWal) {
    return;
  }
  sqlite3_vfs* const vfs = sqlite3_vfs_find(pool_->vfs().name());
  std::vector<std::max_align_t> memory(
      static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  const std::string terminated = std::string(name.view()) + std::string(4, '\0');
  constexpr int kFlags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (vfs->xOpen(vfs, terminated.c_str(), file, kFlags, nullptr) != SQLITE_OK) return;
  EXPECT_EQ(pool().order().Delete(*pool().files().Find(name)).code(), Code::kBusy);

  Bytes& content = files_[std::string(name.view())];
  const Bytes bytes = TakeBytes(input_, 100);
  const auto offset = input_.ConsumeIntegralInRange<std::size_t>(0, 9000);
  if (file->pMethods->xWrite(file, bytes.data(), static_cast<int>(bytes.size()),
                             static_cast<sqlite3_int64>(offset)) == SQLITE_OK &&
      !bytes.empty()) {
    content.resize(std::max(content.size(), offset + bytes.size()));
    std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  if (input_.ConsumeBool()) {
    const auto size = input_.ConsumeIntegralInRange<std::size_t>(0, 9000);
    if (file->pMethods->xTruncate(file, static_cast<sqlite3_int64>(size)) == SQLITE_OK) {
      content.resize(size);
    }
  }
  Bytes read(content.size() + 1);
  const int code = file->pMethods->xRead(file, read.data(), static_cast<int>(read.size()), 0);
  read.pop_back();
  if (touched_.empty()) {
    EXPECT_EQ(code, SQLITE_IOERR_SHORT_READ);
    EXPECT_TRUE(read == content);
  }
  file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  file->pMethods->xClose(file);
}

void Run::Import(const FileName& name) {
  static const Bytes database = testing::MakeDatabase("imported", 1);
  const Status status = pool_->Import(name.view(), database);
  if (!status.ok()) return;
  // The journals of the old one are gone, and those without one have moved aside.
  const Files now = FilesOf(*pool_, disk_);
  EXPECT_TRUE(now.at(std::string(name.view())) == database);
  std::erase_if(files_, [&](const auto& file) { return file.first.starts_with(name.view()); });
  for (const auto& file : now) {
    if (file.first.starts_with(name.view())) files_.insert(file);
  }
}

// By a journal without a header SQLite rolls nothing back: a start empties it beside its database,
// and so does the database's recovery.
void Run::ExpectJournalOf(const FileName& database) {
  if (pool().files().Find(database)->kind() != FileKind::kDatabase) return;
  const std::string name = std::string(database.view()) + "-journal";
  const auto journal = files_.find(name);
  if (journal == files_.end() || journal->second.empty()) return;
  const File* const file = pool().files().Find(FileName::FromStored(name).value());
  const bool has_header = journal->second.front() != std::byte{0};
  if (file != nullptr && file->kind() == FileKind::kJournal && !has_header) journal->second.clear();
}

void Run::Perform(int operation, const FileName& name) {
  File* const file = pool().files().Find(name);
  switch (operation) {
    case 0:
      return Create(name);
    case 1:
      if (file != nullptr && pool().order().Delete(*file).ok()) {
        files_.erase(std::string(name.view()));
      }
      return;
    case 2: {
      if (file == nullptr) return;
      const bool is_database = file->kind() == FileKind::kDatabase;
      if (!pool().order().DeleteDatabase(*file).ok()) return;
      for (const char* suffix : {"", "-journal", "-wal"}) {
        if (is_database || *suffix == '\0') files_.erase(std::string(name.view()) + suffix);
      }
      return;
    }
    case 3:
      return WriteThroughVfs(name);
    case 4:
      return Import(name);
    case 5: {
      const std::string slot_name = TakeSlotName();
      const bool is_possible = quarantined_.contains(slot_name) && file == nullptr;
      const Bytes content = ContentOf(disk_.bytes(slot_name));
      const Status status = pool().Recover(slot_name, name);
      // What it is decides whether it may have so long a name.
      if (touched_.empty() && name.CheckForDatabase().ok()) {
        EXPECT_EQ(status.ok(), is_possible);
      }
      if (!status.ok()) return;
      files_[std::string(name.view())] = content;
      quarantined_.erase(slot_name);
      ExpectJournalOf(name);
      return;
    }
    case 6: {
      const std::string slot_name = TakeSlotName();
      if (pool().Discard(slot_name).ok()) quarantined_.erase(slot_name);
      return;
    }
    default:
      if (file != nullptr) static_cast<void>(pool_->Export(name.view()));
  }
}

void Run::Operate() {
  for (int count = input_.ConsumeIntegralInRange(0, 12); count > 0; --count) {
    const auto name = pool().names().Resolve(TakeName(input_));
    if (!name.ok()) continue;
    const bool may_fail = input_.ConsumeIntegralInRange(0, 3) == 0;
    if (may_fail) disk_.Arm(TakeFault(input_));
    if (may_fail) touched_.emplace_back(name.value().view());
    Perform(input_.ConsumeIntegralInRange(0, 7), name.value());
    const bool has_failed = may_fail && disk_.has_hit();
    disk_.Disarm();
    if (may_fail && !has_failed) touched_.pop_back();

    ExpectFiles(*pool_, disk_);
    testing::ExpectAllSlotsAccountedFor(*pool_, static_cast<int>(disk_.slot_names().size()));
    // A recovery or a discard that failed may have changed its slot, or will put its header back.
    if (has_failed) quarantined_.clear();
    for (const auto& [slot_name, bytes] : quarantined_) {
      EXPECT_TRUE(disk_.bytes(slot_name) == bytes) << slot_name;
    }
  }
}

// Every operation is durable when it returns.
void Run::CheckRestart() {
  const std::size_t choice = input_.ConsumeIntegral<std::uint8_t>();
  FaultDisk left(disk_.CrashState(choice % disk_.crash_state_count()));
  PoolOnDisk restarted(left);
  const Status started = restarted.Start();
  ASSERT_TRUE(started.ok()) << started.text();
  for (const auto& [name, content] : files_) {
    if (!IsTouched(name)) ExpectJournalOf(FileName::FromStored(name).value());
  }
  ExpectFiles(restarted, left);
  testing::ExpectAllSlotsAccountedFor(restarted, static_cast<int>(left.slot_names().size()));
}

void CheckPool(FuzzedDataProvider& input) {
  SlotBytes slots;
  for (int i = input.ConsumeIntegralInRange(1, 6); i > 0; --i) {
    slots["slot " + std::to_string(i)] = TakeSlot(input);
  }
  Run run(input, slots);
  run.CheckStart(slots);
  run.Operate();
  run.CheckRestart();
}

}  // namespace
}  // namespace sahpool::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::CheckPool(input);
  return 0;
}
