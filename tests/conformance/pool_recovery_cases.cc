// What a pool makes of slots that were damaged or that contradict each other.

#include <algorithm>
#include <array>

#include "pool/pool.h"
#include "tests/conformance/pool_fixture.h"

namespace sahpool::conformance {
namespace {

constexpr int kCapacity = 4;
constexpr SlotRange kSlots{0, kCapacity};

Failure FlipBit(StorageHandle& slot, std::int64_t position) {
  std::array<std::byte, 1> byte;
  const auto read = slot.Read(byte, position);
  REQUIRE_OK(read);
  REQUIRE_EQ(read.value(), 1);
  byte[0] ^= std::byte{4};
  const auto written = slot.Write(byte, position);
  REQUIRE_OK(written);
  REQUIRE_EQ(written.value(), 1);
  return {};
}

Failure WriteHeader(StorageHandle& slot, const SlotHeaderBytes& header) {
  const auto written = slot.Write(header, 0);
  REQUIRE_OK(written);
  REQUIRE_EQ(written.value(), header.size());
  return {};
}

// Writes a whole slot by hand, as another implementation might have left it.
Failure WriteSlot(StorageHandle& slot, std::string_view stored_name, std::uint32_t flags,
                  std::uint32_t seed) {
  REQUIRE_PASSED(WriteHeader(slot, EncodeNamedHeader(stored_name, flags)));
  Buffer bytes(kPatternSize);
  REQUIRE(bytes);
  FillPattern(bytes.span(), seed);
  const auto written = slot.Write(bytes.span(), kSlotDataOffset);
  REQUIRE_OK(written);
  REQUIRE_EQ(written.value(), kPatternSize);
  return {};
}

// Whether the file stored under that name holds the pattern.
Failure StoredHoldsPattern(const Pool& pool, std::string_view stored_name, std::uint32_t seed) {
  const auto name = FileName::FromStored(stored_name);
  REQUIRE_OK(name);
  File* const file = pool.files().Find(name.value());
  REQUIRE(file != nullptr);
  Buffer bytes(kPatternSize);
  REQUIRE(bytes);
  REQUIRE_OK(file->Read(bytes.span(), 0));
  REQUIRE(HasPattern(bytes.span(), seed));
  return {};
}

// Makes a file, flips one bit of its header, and starts `pool`. `index` is set to its slot's.
Failure StartWithFlippedBit(Backend& backend, std::int64_t position, Pool& pool, int& index) {
  {
    Pool intact(backend.host());
    REQUIRE_OK(StartPool(backend, kSlots, intact));
    REQUIRE_PASSED(CreateWithPattern(intact, "kept.db", 1));
    REQUIRE_PASSED(CreateWithPattern(intact, "hurt.db", 2));
    index = SlotIndex(intact.files().Find(Named("hurt.db"))->slot().slot_name());
    REQUIRE(index >= 0);
  }
  REQUIRE_PASSED(FlipBit(backend.slot(index), position));
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  return {};
}

Failure FlippedHeaderIsQuarantined(Backend& backend) {
  // In the path, behind the path, in the flags, in the digest.
  for (const std::int64_t position : {2, 400, 514, 515, 516, 523}) {
    for (int i = 0; i < kCapacity; ++i) REQUIRE_OK(backend.slot(i).Truncate(0));
    Pool pool(backend.host());
    int index = 0;
    REQUIRE_PASSED(StartWithFlippedBit(backend, position, pool, index));
    REQUIRE_EQ(pool.files().file_count(), 1);
    REQUIRE_EQ(pool.files().free_count(), kCapacity - 2);
    File* const hurt = pool.files().At(SlotState::kQuarantined, 0);
    REQUIRE(hurt != nullptr);
    REQUIRE(pool.files().At(SlotState::kQuarantined, 1) == nullptr);
    REQUIRE_EQ(hurt->slot().slot_name(), SlotName(index).view());
    REQUIRE(!hurt->slot().quarantine_reason().empty());
    // Nothing of it was touched.
    REQUIRE_EQ(hurt->size(), kPatternSize);
    REQUIRE_PASSED(HoldsPattern(pool, "kept.db", 1));
  }
  return {};
}

Failure QuarantinedSlotIsNeverReused(Backend& backend) {
  Pool pool(backend.host());
  int index = 0;
  REQUIRE_PASSED(StartWithFlippedBit(backend, 2, pool, index));
  REQUIRE_PASSED(CreateWithPattern(pool, "c", 3));
  REQUIRE_PASSED(CreateWithPattern(pool, "d", 4));
  REQUIRE_EQ(pool.Create(Named("e"), open_flag::kMainDb).status().code(), Code::kNoFreeSlot);
  REQUIRE(pool.RemoveFreeSlot() == nullptr);
  REQUIRE_EQ(pool.files().At(SlotState::kQuarantined, 0)->size(), kPatternSize);
  return {};
}

Failure QuarantinedSlotCanBeRecovered(Backend& backend) {
  {
    Pool pool(backend.host());
    int index = 0;
    REQUIRE_PASSED(StartWithFlippedBit(backend, 516, pool, index));
    const Text slot_name = SlotName(index);
    REQUIRE_EQ(pool.Recover("slot-z", Named("found.db")).code(), Code::kNotFound);
    REQUIRE_EQ(pool.Recover(slot_name.view(), Named("kept.db")).code(), Code::kExists);
    REQUIRE_OK(pool.Recover(slot_name.view(), Named("found.db")));
    REQUIRE(pool.files().At(SlotState::kQuarantined, 0) == nullptr);
    REQUIRE_PASSED(HoldsPattern(pool, "found.db", 2));
  }
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(HoldsPattern(pool, "found.db", 2));
  REQUIRE(pool.files().Find(Named("found.db"))->kind() == FileKind::kDatabase);
  REQUIRE_PASSED(HoldsPattern(pool, "kept.db", 1));
  return {};
}

Failure QuarantinedSlotCanBeDiscarded(Backend& backend) {
  Pool pool(backend.host());
  int index = 0;
  REQUIRE_PASSED(StartWithFlippedBit(backend, 516, pool, index));
  REQUIRE_EQ(pool.Discard("slot-z").code(), Code::kNotFound);
  REQUIRE_OK(pool.Discard(SlotName(index).view()));
  REQUIRE(pool.files().At(SlotState::kQuarantined, 0) == nullptr);
  REQUIRE_EQ(pool.files().free_count(), kCapacity - 1);
  const auto size = backend.slot(index).Size();
  REQUIRE_OK(size);
  REQUIRE_EQ(size.value(), kSlotDataOffset);
  return {};
}

Failure WipeFreesQuarantinedSlots(Backend& backend) {
  Pool pool(backend.host());
  int index = 0;
  REQUIRE_PASSED(StartWithFlippedBit(backend, 2, pool, index));
  REQUIRE_OK(pool.Wipe());
  REQUIRE_EQ(pool.files().free_count(), kCapacity);
  return {};
}

Failure DatabaseUnderAnEmptyHeaderIsQuarantined(Backend& backend) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  StorageHandle& slot = backend.slot(1);
  REQUIRE_PASSED(WriteHeader(slot, EncodeFreeHeader()));
  REQUIRE_OK(slot.Write(std::as_bytes(std::span(kMagic)), kSlotDataOffset));
  REQUIRE_OK(slot.Truncate(kSlotDataOffset + 1024));
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_EQ(pool.files().free_count(), kCapacity - 1);
  File* const found = pool.files().At(SlotState::kQuarantined, 0);
  REQUIRE(found != nullptr);
  REQUIRE_EQ(found->size(), 1024);
  REQUIRE_OK(pool.Recover("slot-b", Named("found.db")));
  REQUIRE_EQ(pool.files().Find(Named("found.db"))->size(), 1024);
  return {};
}

Failure TwoSlotsOfOneNameAreBothKept(Backend& backend) {
  REQUIRE_PASSED(WriteSlot(backend.slot(2), "/a.db", open_flag::kMainDb, 2));
  REQUIRE_PASSED(WriteSlot(backend.slot(0), "/a.db", open_flag::kMainDb, 1));
  REQUIRE_PASSED(WriteSlot(backend.slot(3), "/a.db", open_flag::kMainDb, 3));
  for (int start = 0; start < 2; ++start) {
    Pool pool(backend.host());
    REQUIRE_OK(StartPool(backend, kSlots, pool));
    REQUIRE_EQ(pool.files().file_count(), 3);
    // The slot whose name sorts first keeps the name; which number the others get is open.
    REQUIRE_PASSED(StoredHoldsPattern(pool, "/a.db", 1));
    const bool swapped = !StoredHoldsPattern(pool, "/a.db.duplicate-1", 2).empty();
    REQUIRE_PASSED(StoredHoldsPattern(pool, "/a.db.duplicate-1", swapped ? 3 : 2));
    REQUIRE_PASSED(StoredHoldsPattern(pool, "/a.db.duplicate-2", swapped ? 2 : 3));
  }
  return {};
}

Failure UnreachableNamesAreSettled(Backend& backend) {
  // Stored as older URL parsers did; every open asks for "%5E".
  REQUIRE_PASSED(WriteSlot(backend.slot(0), "/a^b.db", open_flag::kMainDb, 1));
  REQUIRE_PASSED(WriteSlot(backend.slot(1), "/a^b.db-journal", open_flag::kMainJournal, 2));
  Pool pool(backend.host());
  REQUIRE_OK(StartPool(backend, kSlots, pool));
  REQUIRE_PASSED(HoldsPattern(pool, "a^b.db", 1));
  REQUIRE_PASSED(HoldsPattern(pool, "a^b.db-journal", 2));
  REQUIRE_PASSED(StoredHoldsPattern(pool, "/a%5Eb.db", 1));
  REQUIRE_PASSED(StoredHoldsPattern(pool, "/a%5Eb.db-journal", 2));
  return {};
}

constexpr Case kCases[] = {
    {"pool: a slot with a flipped bit in its header is quarantined", FlippedHeaderIsQuarantined},
    {"pool: a quarantined slot is never reused", QuarantinedSlotIsNeverReused},
    {"pool: a quarantined slot can be recovered", QuarantinedSlotCanBeRecovered},
    {"pool: a quarantined slot can be discarded", QuarantinedSlotCanBeDiscarded},
    {"pool: wipe frees quarantined slots", WipeFreesQuarantinedSlots},
    {"pool: a database under an empty header is quarantined",
     DatabaseUnderAnEmptyHeaderIsQuarantined},
    {"pool: two slots of one name are both kept", TwoSlotsOfOneNameAreBothKept},
    {"pool: names that no open could reach are settled", UnreachableNamesAreSettled},
};

}  // namespace

std::span<const Case> PoolRecoveryCases() { return kCases; }

}  // namespace sahpool::conformance
