#include "browser/host_storage.h"

#include <algorithm>
#include <array>
#include <limits>

namespace sahpool {
namespace {

// Counts cross the boundary as 32-bit integers.
constexpr std::size_t kMaxTransfer = 1U << 30;

Status HostFailure(int code) {
  std::array<char, Text::kCapacity> text;
  const int size = sahpool_host_error_text(text.data(), static_cast<int>(text.size()));
  return {code == kSahpoolHostFull ? Code::kFull : Code::kIo,
          std::string_view(text.data(), static_cast<std::size_t>(std::max(size, 0)))};
}

Result<std::size_t> CountOrFailure(int count) {
  if (count < 0) return HostFailure(count);
  return static_cast<std::size_t>(count);
}

Status OkOrFailure(int code) { return code == 0 ? Status() : HostFailure(code); }

}  // namespace

Result<std::size_t> HostHandle::Read(std::span<std::byte> into, std::int64_t offset) {
  const int size = static_cast<int>(std::min(into.size(), kMaxTransfer));
  return CountOrFailure(sahpool_host_read(number_, into.data(), size, static_cast<double>(offset)));
}

Result<std::size_t> HostHandle::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  const int size = static_cast<int>(std::min(bytes.size(), kMaxTransfer));
  const int count = sahpool_host_write(number_, bytes.data(), size, static_cast<double>(offset));
  // Firefox says in this way, and in no other, that it is out of quota.
  if (count == 0 && size > 0) return HostFailure(kSahpoolHostFull);
  return CountOrFailure(count);
}

Status HostHandle::Truncate(std::int64_t size) {
  return OkOrFailure(sahpool_host_truncate(number_, static_cast<double>(size)));
}

Result<std::int64_t> HostHandle::Size() {
  const double size = sahpool_host_size(number_);
  if (size < 0) return HostFailure(static_cast<int>(size));
  return static_cast<std::int64_t>(size);
}

Status HostHandle::Flush() { return OkOrFailure(sahpool_host_flush(number_)); }

std::int64_t BrowserHost::NowMilliseconds() {
  return static_cast<std::int64_t>(sahpool_host_now());
}

std::int64_t BrowserHost::ClockMicroseconds() {
  return static_cast<std::int64_t>(sahpool_host_clock() * 1000);
}

std::size_t BrowserHost::Randomness(std::span<std::byte> into) {
  const int count = sahpool_host_randomness(into.data(), static_cast<int>(into.size()));
  return static_cast<std::size_t>(std::max(count, 0));
}

std::int64_t BrowserHost::SleepMicroseconds(std::int64_t /*microseconds*/) { return 0; }

void BrowserHost::Log(LogLevel level, std::string_view message) {
  sahpool_host_log(pool_, static_cast<int>(level), message.data(),
                   static_cast<int>(message.size()));
}

void BrowserHost::OnFewFreeSlots() { sahpool_host_few_free_slots(pool_); }

}  // namespace sahpool
