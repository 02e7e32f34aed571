#include "cli/encryption.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "cli/failure.h"
#include "cli/slot_file.h"

namespace sahpool::cli {
namespace {

constexpr std::int64_t kMinPage = 512;
constexpr std::int64_t kFirstPage = 4096;
constexpr std::int64_t kSample = 65536;

// A chi-squared test against "all bytes equally often": 255 is what to expect of random bytes, with
// a deviation of 23, and one in a million is above this.
bool LooksRandom(std::span<const std::byte> bytes) {
  constexpr double kLimit = 380;
  constexpr double kValues = 256;
  std::array<double, 256> counts{};
  for (const std::byte byte : bytes) ++counts[std::to_integer<std::size_t>(byte)];
  const double expected = static_cast<double>(bytes.size()) / kValues;
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum < kLimit;
}

}  // namespace

bool LooksEncrypted(ByteSource& content) {
  if (content.size() < kMinPage || content.size() % kMinPage != 0) return false;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(content.size(), kSample)));
  Require(content.Read(bytes, 0));
  const auto first = std::min(bytes.size(), static_cast<std::size_t>(kFirstPage));
  return LooksRandom(bytes) && LooksRandom(std::span(bytes).first(first));
}

bool LooksEncrypted(const std::filesystem::path& slot) {
  FileSource content(slot, kSlotDataOffset);
  return LooksEncrypted(content);
}

}  // namespace sahpool::cli
