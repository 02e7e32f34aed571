// The host of the pools that the tool opens: the system, but what a pool has to warn of is for the
// user only when the pool is changed.
//
// Threads: as PosixHost.
#ifndef SAHPOOL_TOOLS_CLI_TOOL_HOST_H_
#define SAHPOOL_TOOLS_CLI_TOOL_HOST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "native/posix_storage.h"

namespace sahpool::cli {

enum class Access { kRead, kWrite };

class ToolHost final : public Host {
 public:
  explicit ToolHost(Access access) : is_quiet_(access == Access::kRead) {}
  std::int64_t NowMilliseconds() override { return system_.NowMilliseconds(); }
  std::size_t Randomness(std::span<std::byte> into) override { return system_.Randomness(into); }
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override {
    return system_.SleepMicroseconds(microseconds);
  }
  void Log(LogLevel level, std::string_view message) override {
    if (!is_quiet_ && level == LogLevel::kWarning) Warn(message);
  }

 private:
  PosixHost system_;
  const bool is_quiet_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_TOOL_HOST_H_
