// The pool over a backend's slots: names, capacity, imports, quarantine and restarts.

#include <algorithm>
#include <array>

#include "pool/pool.h"
#include "tests/conformance/pool_fixture.h"
#include "transfer/import.h"
#include "transfer/snapshot.h"

namespace sahpool::conformance {
namespace {

constexpr int kCapacity = 4;
constexpr SlotRange kSlots{0, kCapacity};
constexpr std::size_t kPageSize = 512;

// Bytes that pass for a database of `pages` pages, `mark` in the last of each.
void FillLikeDatabase(std::span<std::byte> bytes, std::byte mark) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::ranges::fill(bytes, std::byte{0});
  std::ranges::transform(kMagic, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  const std::size_t pages = bytes.size() / kPageSize;
  bytes[16] = static_cast<std::byte>(kPageSize >> 8);
  bytes[18] = bytes[19] = std::byte{1};
  bytes[21] = std::byte{64};
  bytes[22] = bytes[23] = std::byte{32};
  bytes[31] = static_cast<std::byte>(pages);
  for (std::size_t page = 1; page <= pages; ++page) bytes[page * kPageSize - 1] = mark;
}

Failure AttachedSlotsAreFree(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_EQ(pool.files().capacity(), 0);
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_EQ(pool.files().capacity(), kCapacity);
  REQUIRE_EQ(pool.files().free_count(), kCapacity);
  REQUIRE_EQ(pool.files().file_count(), 0);
  // A free slot is a header and nothing more, whatever it was before.
  for (int i = 0; i < kCapacity; ++i) {
    const auto size = backend.slot(i).Size();
    REQUIRE_OK(size);
    REQUIRE_EQ(size.value(), kSlotDataOffset);
  }
  return {};
}

Failure CreatedFilesAreFound(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE(pool.files().Find(Named("one.db")) == nullptr);
  REQUIRE_PASSED(CreateWithPattern(pool, "one.db", 1));
  REQUIRE_PASSED(CreateWithPattern(pool, "dir/two.db", 2));
  REQUIRE_EQ(pool.files().file_count(), 2);
  REQUIRE_EQ(pool.files().free_count(), kCapacity - 2);
  REQUIRE_PASSED(HoldsPattern(pool, "/one.db", 1));
  REQUIRE_PASSED(HoldsPattern(pool, "/dir/../dir/two.db", 2));
  REQUIRE_EQ(pool.files().Find(Named("one.db"))->slot().name().view(), "/one.db");
  REQUIRE(pool.files().Find(Named("One.db")) == nullptr);
  REQUIRE_EQ(pool.Create(Named("one.db"), open_flag::kMainDb).status().code(), Code::kExists);
  REQUIRE_EQ(pool.files().file_count(), 2);
  return {};
}

Failure DeletedSlotsAreReused(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  for (std::uint32_t round = 0; round < 3 * kCapacity; ++round) {
    REQUIRE_PASSED(CreateWithPattern(pool, "again.db", round));
    File* const file = pool.files().Find(Named("again.db"));
    REQUIRE_PASSED(HoldsPattern(pool, "again.db", round));
    file->use().Pin();
    REQUIRE_EQ(pool.order().Delete(*file).code(), Code::kBusy);
    file->use().Unpin();
    REQUIRE_OK(pool.order().Delete(*file));
    REQUIRE(pool.files().Find(Named("again.db")) == nullptr);
    REQUIRE_EQ(pool.files().free_count(), kCapacity);
  }
  // Nothing of an old file shows in a new one.
  const auto slot = pool.Create(Named("new.db"), open_flag::kMainDb);
  REQUIRE_OK(slot);
  REQUIRE_EQ(slot.value()->size(), 0);
  REQUIRE_OK(slot.value()->Truncate(10000));
  Buffer bytes(10000);
  REQUIRE(bytes);
  REQUIRE_OK(slot.value()->Read(bytes.span(), 0));
  REQUIRE(IsZero(bytes.span()));
  return {};
}

Failure FullPoolRefusesFiles(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  for (const std::string_view name : {"a", "b", "c", "d"}) {
    REQUIRE_PASSED(CreateWithPattern(pool, name, 1));
  }
  REQUIRE_EQ(pool.files().free_count(), 0);
  REQUIRE_EQ(pool.Create(Named("e"), open_flag::kMainDb).status().code(), Code::kNoFreeSlot);
  REQUIRE_EQ(pool.CreateTemporary(open_flag::kTransientDb).status().code(), Code::kNoFreeSlot);
  REQUIRE_EQ(pool.Reserve().status().code(), Code::kNoFreeSlot);
  REQUIRE(pool.RemoveFreeSlot() == nullptr);
  REQUIRE_EQ(pool.files().file_count(), kCapacity);
  // A slot attached while the pool runs is ready at once.
  REQUIRE_OK(AttachSlots(backend, {kCapacity, 1}, pool));
  REQUIRE_EQ(pool.files().capacity(), kCapacity + 1);
  REQUIRE_PASSED(CreateWithPattern(pool, "e", 2));
  REQUIRE_PASSED(HoldsPattern(pool, "a", 1));
  REQUIRE_PASSED(HoldsPattern(pool, "e", 2));
  return {};
}

Failure FreeSlotsCanBeRemoved(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(CreateWithPattern(pool, "kept", 1));
  for (int removed = 1; removed < kCapacity; ++removed) {
    REQUIRE(pool.RemoveFreeSlot() != nullptr);
    REQUIRE_EQ(pool.files().capacity(), kCapacity - removed);
  }
  REQUIRE(pool.RemoveFreeSlot() == nullptr);
  REQUIRE_PASSED(HoldsPattern(pool, "kept", 1));
  return {};
}

Failure RestartFindsTheSameFiles(Backend& backend) {
  constexpr std::array kTypes = {open_flag::kMainDb, open_flag::kMainJournal,
                                 open_flag::kSuperJournal, open_flag::kWal};
  constexpr std::array<std::string_view, 4> kNames = {"/a", "/dir/b", "/c%20d", "/a#b"};
  {
    Pool pool(backend.host());
    REQUIRE_OK(StartPool(backend, kSlots, pool));
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      REQUIRE_PASSED(CreateWithPattern(pool, kNames[i], static_cast<std::uint32_t>(i), kTypes[i]));
    }
  }
  for (int restart = 0; restart < 2; ++restart) {
    Pool pool(backend.host());
    REQUIRE_OK(StartPool(backend, kSlots, pool));
    REQUIRE_EQ(pool.files().file_count(), 4);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      REQUIRE_PASSED(HoldsPattern(pool, kNames[i], static_cast<std::uint32_t>(i)));
      REQUIRE_EQ(pool.files().Find(Named(kNames[i]))->slot().flags(), kTypes[i]);
    }
  }
  return {};
}

Failure DetachingChangesNothing(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(CreateWithPattern(pool, "a", 1));
  File* const file = pool.files().Find(Named("a"));
  file->use().Pin();
  REQUIRE_EQ(pool.DetachAll().code(), Code::kBusy);
  REQUIRE_EQ(pool.files().capacity(), kCapacity);
  file->use().Unpin();
  REQUIRE_OK(pool.DetachAll());
  REQUIRE_EQ(pool.files().capacity(), 0);
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(HoldsPattern(pool, "a", 1));
  return {};
}

Failure WipeFreesAllSlots(Backend& backend) {
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  for (const std::string_view name : {"a", "b", "c", "d"}) {
    REQUIRE_PASSED(CreateWithPattern(pool, name, 1));
  }
  File* const file = pool.files().Find(Named("c"));
  file->use().Pin();
  REQUIRE_EQ(pool.Wipe().code(), Code::kBusy);
  REQUIRE_EQ(pool.files().file_count(), kCapacity);
  file->use().Unpin();
  REQUIRE_OK(pool.Wipe());
  REQUIRE_EQ(pool.files().file_count(), 0);
  REQUIRE_EQ(pool.files().free_count(), kCapacity);
  REQUIRE_OK(pool.DetachAll());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_EQ(pool.files().free_count(), kCapacity);
  return {};
}

Failure ShortSlotsAreFree(Backend& backend) {
  Buffer zeros(kSlotDataOffset);
  REQUIRE(zeros);
  // Cut short in the header, at its end, just before the data, and not at all.
  constexpr std::array<std::size_t, 4> kSizes = {0, 100, kSlotHeaderSize, kSlotDataOffset};
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    REQUIRE_OK(backend.slot(static_cast<int>(i)).Write(zeros.first(kSizes[i]), 0));
  }
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_EQ(pool.files().free_count(), kCapacity);
  for (const std::string_view name : {"a", "b", "c", "d"}) {
    REQUIRE_PASSED(CreateWithPattern(pool, name, 5));
    REQUIRE_PASSED(HoldsPattern(pool, name, 5));
  }
  return {};
}

Failure LeftoverTemporariesAreFreed(Backend& backend) {
  {
    Pool pool(backend.host());
    REQUIRE_OK(StartPool(backend, kSlots, pool));
    REQUIRE_PASSED(CreateWithPattern(pool, "temporary", 1, open_flag::kTransientDb));
    REQUIRE_PASSED(CreateWithPattern(pool, "deleted-on-close", 1,
                                     open_flag::kMainDb | open_flag::kDeleteOnClose));
    const auto nameless = pool.CreateTemporary(open_flag::kTransientDb);
    REQUIRE_OK(nameless);
    REQUIRE_EQ(nameless.value()->slot().state(), SlotState::kTemporary);
    Buffer bytes(5000);
    REQUIRE(bytes);
    REQUIRE_OK(nameless.value()->Write(bytes.span(), 0));
    REQUIRE_PASSED(CreateWithPattern(pool, "kept", 2));
  }
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_EQ(pool.files().file_count(), 1);
  REQUIRE_EQ(pool.files().free_count(), kCapacity - 1);
  REQUIRE_PASSED(HoldsPattern(pool, "kept", 2));
  return {};
}

Failure ImportPublishesWhenComplete(Backend& backend) {
  Buffer old_bytes(4 * kPageSize);
  Buffer new_bytes(6 * kPageSize);
  Buffer read(6 * kPageSize);
  REQUIRE(old_bytes && new_bytes && read);
  FillLikeDatabase(old_bytes.span(), std::byte{1});
  FillLikeDatabase(new_bytes.span(), std::byte{2});
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  const auto created = pool.Create(Named("a.db"), open_flag::kMainDb);
  REQUIRE_OK(created);
  REQUIRE_OK(created.value()->Write(old_bytes.span(), 0));
  {
    auto aborted = Import::Begin(pool, Named("a.db"));
    REQUIRE_OK(aborted);
    REQUIRE_EQ(pool.files().free_count(), kCapacity - 2);
    REQUIRE_OK(aborted.value()->Write(new_bytes.first(777)));
    REQUIRE_EQ(aborted.value()->Finish().code(), Code::kNotADatabase);
    REQUIRE_EQ(pool.files().free_count(), kCapacity - 1);
  }
  REQUIRE_EQ(pool.files().Find(Named("a.db"))->size(), 4 * kPageSize);
  auto import = Import::Begin(pool, Named("a.db"));
  REQUIRE_OK(import);
  REQUIRE_OK(import.value()->Write(new_bytes.first(1000)));
  REQUIRE_OK(import.value()->Write(new_bytes.span().subspan(1000)));
  REQUIRE_EQ(pool.files().Find(Named("a.db"))->size(), 4 * kPageSize);
  REQUIRE_OK(import.value()->Finish());
  REQUIRE_EQ(pool.files().file_count(), 1);
  REQUIRE_EQ(pool.files().free_count(), kCapacity - 1);
  File* const imported = pool.files().Find(Named("a.db"));
  REQUIRE(imported != nullptr);
  REQUIRE_EQ(imported->size(), 6 * kPageSize);
  REQUIRE_OK(imported->Read(read.span(), 0));
  REQUIRE(std::ranges::equal(read.span(), new_bytes.span()));
  return {};
}

Failure UnfinishedImportIsFreedByARestart(Backend& backend) {
  Buffer bytes(4 * kPageSize);
  REQUIRE(bytes);
  FillLikeDatabase(bytes.span(), std::byte{1});
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(CreateWithPattern(pool, "a.db", 3));
  const auto import = Import::Begin(pool, Named("a.db"));
  REQUIRE_OK(import);
  REQUIRE_OK(import.value()->Write(bytes.span()));
  REQUIRE_PASSED(CopySlots(backend, kSlots, {kCapacity, kCapacity}));
  Pool restarted(backend.host());
  REQUIRE_OK(StartPool(backend, {kCapacity, kCapacity}, restarted));
  REQUIRE_EQ(restarted.files().file_count(), 1);
  REQUIRE_EQ(restarted.files().free_count(), kCapacity - 1);
  REQUIRE_PASSED(HoldsPattern(restarted, "a.db", 3));
  return {};
}

constexpr Case kCases[] = {
    {"pool: attached slots are free", AttachedSlotsAreFree},
    {"pool: created files are found", CreatedFilesAreFound},
    {"pool: slots of deleted files are reused", DeletedSlotsAreReused},
    {"pool: a full pool refuses files", FullPoolRefusesFiles},
    {"pool: free slots can be removed", FreeSlotsCanBeRemoved},
    {"pool: a restart finds the same files", RestartFindsTheSameFiles},
    {"pool: detaching changes nothing", DetachingChangesNothing},
    {"pool: wipe frees all slots", WipeFreesAllSlots},
    {"pool: short and empty slots are free", ShortSlotsAreFree},
    {"pool: leftover temporary files are freed", LeftoverTemporariesAreFreed},
    {"pool: an import is published when complete", ImportPublishesWhenComplete},
    {"pool: an unfinished import is freed by a restart", UnfinishedImportIsFreedByARestart},
};

}  // namespace

std::span<const Case> PoolCases() { return kCases; }

}  // namespace sahpool::conformance
