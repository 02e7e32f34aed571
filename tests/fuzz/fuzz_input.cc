#include "fuzz_input.h"

#include <algorithm>
#include <array>
#include <vector>

#include "format/slot_header.h"
#include "pool_on_disk.h"

// Called once by libFuzzer before the first input.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  GTEST_FLAG_SET(throw_on_failure, true);
  return 0;
}

namespace sahpool::fuzz {

using testing::CallKind;
using testing::Fault;
using testing::SlotBytes;

namespace {

// What connections that died have left in slots, or a few bytes.
Bytes TakeContent(FuzzedDataProvider& input) {
  static const SlotBytes hot = testing::MakeHotPool("hot");
  static const SlotBytes wal = testing::MakeWalPool("wal");
  static const std::vector<Bytes> slots = {
      testing::SlotNamed(hot, "/app.db"), testing::SlotNamed(hot, "/app.db-journal"),
      testing::SlotNamed(wal, "/app.db"), testing::SlotNamed(wal, "/app.db-wal"),
      Bytes(kSlotDataOffset)};
  const auto choice = input.ConsumeIntegralInRange<std::size_t>(0, slots.size());
  if (choice == slots.size()) return TakeBytes(input, 300);
  return {slots[choice].begin() + kSlotDataOffset, slots[choice].end()};
}

}  // namespace

Bytes BytesOf(const std::string& text) {
  Bytes bytes(text.size());
  std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

Bytes TakeBytes(FuzzedDataProvider& input, std::size_t max_size) {
  return BytesOf(input.ConsumeRandomLengthString(max_size));
}

std::string TakeName(FuzzedDataProvider& input) {
  static constexpr std::array<const char*, 14> kNames = {"/app.db",       "/app.db-journal",
                                                         "/app.db-wal",   "/other.db",
                                                         "app.db",        "/app.db.duplicate-1",
                                                         "x/../app.db",   "app.db-journal",
                                                         "/a|b#c?d",      "/app.db.duplicate-1-wal",
                                                         "/p q^\xC3\xBC", "C|/../app.db",
                                                         "/transient",    "/"};
  const auto choice = input.ConsumeIntegralInRange<std::size_t>(0, kNames.size() + 1);
  if (choice < kNames.size()) return kNames[choice];
  // As long as names can be, and a little longer.
  if (choice == kNames.size()) {
    return "/" + std::string(input.ConsumeIntegralInRange<std::size_t>(490, 512), 'n');
  }
  std::string name = input.ConsumeRandomLengthString(520);
  std::erase(name, '\0');
  return name.empty() ? "/" : name;
}

std::uint32_t TakeOpenFlags(FuzzedDataProvider& input) {
  namespace flag = open_flag;
  constexpr std::uint32_t kNew = flag::kReadWrite | flag::kCreate;
  const std::uint32_t flags = input.PickValueInArray<std::uint32_t>(
      {kNew | flag::kMainDb, kNew | flag::kMainDb, kNew | flag::kMainJournal, kNew | flag::kWal,
       kNew | flag::kSuperJournal, kNew | flag::kTempDb | flag::kDeleteOnClose,
       kNew | flag::kSubjournal | flag::kDeleteOnClose, 0});
  return flags != 0 ? flags : input.ConsumeIntegral<std::uint32_t>();
}

void TakeDamage(FuzzedDataProvider& input, Bytes& bytes) {
  for (int count = input.ConsumeIntegralInRange(0, 6) - 3; count > 0; --count) {
    if (bytes.empty()) return;
    // What is near the start decides more than what is far from it.
    const std::size_t limit = std::min<std::size_t>(
        bytes.size(), input.PickValueInArray<std::size_t>({40, 600, 1U << 20}));
    const auto at = input.ConsumeIntegralInRange<std::size_t>(0, limit - 1);
    switch (input.ConsumeIntegralInRange(0, 5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.resize(bytes.size() + at, std::byte{input.ConsumeIntegral<std::uint8_t>()});
        break;
      case 2: {
        const Bytes chunk = TakeBytes(input, 64);
        std::copy_n(chunk.begin(), std::min(chunk.size(), bytes.size() - at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      }
      case 3:
        bytes[at] = std::byte{input.ConsumeIntegral<std::uint8_t>()};
        break;
      default:
        bytes[at] ^= static_cast<std::byte>(1U << input.ConsumeIntegralInRange(0, 7));
    }
  }
}

Bytes TakeSlot(FuzzedDataProvider& input) {
  Bytes slot;
  switch (input.ConsumeIntegralInRange(0, 4)) {
    case 0:
      return TakeBytes(input, 600);
    case 1:
      slot = Bytes(kSlotDataOffset);
      break;
    case 2: {
      slot = Bytes(kSlotDataOffset);
      const Bytes content = TakeContent(input);
      slot.insert(slot.end(), content.begin(), content.end());
      break;
    }
    default: {
      std::string path = TakeName(input);
      path.resize(std::min<std::size_t>(path.size(), 512));
      const std::uint32_t flags = TakeOpenFlags(input);
      slot = testing::SlotOf(path, flags, TakeContent(input));
      if (input.ConsumeBool()) testing::MakeVersion1(slot);
    }
  }
  TakeDamage(input, slot);
  return slot;
}

Fault TakeFault(FuzzedDataProvider& input) {
  using Kind = Fault::Kind;
  Fault fault{
      .kind = input.PickValueInArray({Kind::kError, Kind::kErrorAfterHalf, Kind::kErrorAfterEffect,
                                      Kind::kShort, Kind::kNothing}),
      .nth = input.ConsumeIntegralInRange(1, 12),
      .code = input.PickValueInArray({Code::kIo, Code::kFull}),
      .persists = input.ConsumeBool()};
  if (input.ConsumeBool()) {
    fault.of = input.PickValueInArray({CallKind::kRead, CallKind::kWrite, CallKind::kTruncate,
                                       CallKind::kSize, CallKind::kFlush});
  }
  return fault;
}

CrashAt::CrashAt(testing::FaultDisk& disk, FuzzedDataProvider& input)
    : disk_(disk),
      changes_until_crash_(input.ConsumeIntegralInRange(0, 24)),
      choice_(input.ConsumeIntegral<std::uint8_t>()) {
  disk_.before_change = [this] {
    if (changes_until_crash_-- != 0) return;
    left_ = disk_.CrashState(choice_ % disk_.crash_state_count());
  };
}

}  // namespace sahpool::fuzz
