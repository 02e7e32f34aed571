#include "survival.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

namespace sahpool::testing {
namespace {

using DiskChange = FaultDisk::Change;

constexpr std::int64_t kSectorSize = FaultDisk::kSectorSize;

// What becomes of one change.
enum class Fate : std::uint8_t { kKept, kLost, kTorn };

void ApplyTorn(const DiskChange& change, Bytes& bytes, Random& random) {
  if (!change.bytes) {
    FaultDisk::Apply(change, bytes);
    return;
  }
  const std::int64_t end = change.offset + std::ssize(*change.bytes);
  // In one place, with all before it or all behind it lost, or anyhow.
  const bool has_one_tear = random.OneIn(2);
  const bool keeps_beginning = random.OneIn(2);
  const std::int64_t tear =
      change.offset + static_cast<std::int64_t>(random.Below(change.bytes->size() + 1));
  for (std::int64_t from = change.offset; from < end;) {
    const std::int64_t to = std::min((from / kSectorSize + 1) * kSectorSize, end);
    if (has_one_tear ? (to <= tear) == keeps_beginning : random.OneIn(2)) {
      const auto first = change.bytes->begin() + (from - change.offset);
      FaultDisk::Apply({.offset = from, .bytes = Bytes(first, first + (to - from))}, bytes);
    }
    from = to;
  }
}

using FateOf = std::function<Fate(const DiskChange&)>;

void ApplyChanges(const std::vector<DiskChange>& changes, Bytes& bytes, const FateOf& fate_of,
                  Random& random) {
  for (const DiskChange& change : changes) {
    const Fate fate = fate_of(change);
    if (fate == Fate::kKept) FaultDisk::Apply(change, bytes);
    if (fate == Fate::kTorn) ApplyTorn(change, bytes, random);
  }
}

std::vector<DiskChange> Shuffled(std::vector<DiskChange> changes, Random& random) {
  for (std::size_t i = changes.size(); i > 1; --i)
    std::swap(changes[i - 1], changes[random.Below(i)]);
  return changes;
}

std::vector<std::uint64_t> UnflushedNumbers(const FaultDisk& disk) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [name, slot] : disk.slots()) {
    for (const DiskChange& change : slot.since_flush) numbers.push_back(change.number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

// Whether the slot itself is there, apart from what it holds.
bool Exists(const FaultDisk::Slot& slot, Survival pattern, Random& random) {
  switch (pattern) {
    case Survival::kAll:
    case Survival::kAllButOne:
    case Survival::kPrefix:
      return !slot.is_removed;
    case Survival::kNone:
    case Survival::kOnlyOne:
      return slot.was_ever_durable;
    default:
      if (!slot.was_ever_durable && random.OneIn(2)) return false;
      return !slot.is_removed || random.OneIn(2);
  }
}

}  // namespace

const char* NameOf(Survival pattern) {
  constexpr const char* kNames[kSurvivalCount] = {"all",         "none",     "prefix", "slots",
                                                  "all-but-one", "only-one", "random", "reordered"};
  return kNames[static_cast<std::size_t>(pattern)];
}

bool HasUnflushedChanges(const FaultDisk& disk) {
  return std::ranges::any_of(disk.slots(),
                             [](const auto& entry) { return !entry.second.since_flush.empty(); });
}

bool HasUnflushed(const FaultDisk& disk) {
  return std::ranges::any_of(disk.slots(), [](const auto& entry) {
    return !entry.second.since_flush.empty() || !entry.second.was_ever_durable ||
           entry.second.is_removed;
  });
}

SlotBytes Survivors(const FaultDisk& disk, Survival pattern, Random& random) {
  const std::vector<std::uint64_t> numbers = UnflushedNumbers(disk);
  const std::uint64_t chosen = numbers.empty() ? 0 : numbers[random.Below(numbers.size())];
  const std::size_t kept_in_eight = 1 + random.Below(7);
  SlotBytes survivors;
  for (const auto& [name, slot] : disk.slots()) {
    if (!Exists(slot, pattern, random)) continue;
    const bool slot_survives = random.OneIn(2);
    const FateOf fate_of = [&](const DiskChange& change) {
      const auto kept_if = [](bool kept) { return kept ? Fate::kKept : Fate::kLost; };
      switch (pattern) {
        case Survival::kAll:
          return Fate::kKept;
        case Survival::kNone:
          return Fate::kLost;
        case Survival::kPrefix:
          return kept_if(change.number < chosen);
        case Survival::kSlots:
          return kept_if(slot_survives);
        case Survival::kAllButOne:
          return kept_if(change.number != chosen);
        case Survival::kOnlyOne:
          return kept_if(change.number == chosen);
        case Survival::kRandom:
        case Survival::kReordered:
          return random.OneIn(6) ? Fate::kTorn : kept_if(random.Below(8) < kept_in_eight);
      }
      return Fate::kKept;
    };
    Bytes& bytes = survivors[name] = slot.durable;
    const bool reorders = pattern == Survival::kReordered;
    ApplyChanges(reorders ? Shuffled(slot.since_flush, random) : slot.since_flush, bytes, fate_of,
                 random);
  }
  return survivors;
}

}  // namespace sahpool::testing
