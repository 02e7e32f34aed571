// The conformance suite over the native backends.

#include "tests/conformance/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "database_files.h"
#include "native/posix_storage.h"
#include "sparse_memory.h"

namespace sahpool::testing {
namespace {

using conformance::Backend;
using conformance::Case;
using conformance::kSlotCount;

// The suite provokes failures, so what the core logs about them is of no interest.
class QuietHost final : public Host {
 public:
  std::int64_t NowMilliseconds() override { return host_.NowMilliseconds(); }
  std::size_t Randomness(std::span<std::byte> into) override { return host_.Randomness(into); }
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override {
    return host_.SleepMicroseconds(microseconds);
  }
  void Log(LogLevel /*level*/, std::string_view /*message*/) override {}

 private:
  PosixHost host_;
};

class MemoryBackend final : public Backend {
 public:
  Host& host() override { return host_; }
  StorageHandle& slot(int index) override { return slots_.at(static_cast<std::size_t>(index)); }

 private:
  QuietHost host_;
  std::array<SparseMemoryHandle, kSlotCount> slots_;
};

class PosixBackend final : public Backend {
 public:
  PosixBackend() {
    for (int i = 0; i < kSlotCount; ++i) {
      const std::string path = directory_.PathOf("slot-" + std::to_string(i));
      auto opened = PosixHandle::Open(path.c_str(), /*create=*/true);
      if (!opened.ok()) throw std::runtime_error(std::string(opened.status().text()));
      slots_.push_back(std::move(opened.value()));
    }
  }

  Host& host() override { return host_; }
  StorageHandle& slot(int index) override { return *slots_.at(static_cast<std::size_t>(index)); }

 private:
  QuietHost host_;
  TemporaryDirectory directory_;
  std::vector<std::unique_ptr<StorageHandle>> slots_;
};

struct BackendKind {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};

constexpr std::array kBackends = {
    BackendKind{"Memory",
                []() -> std::unique_ptr<Backend> { return std::make_unique<MemoryBackend>(); }},
    BackendKind{"Posix",
                []() -> std::unique_ptr<Backend> { return std::make_unique<PosixBackend>(); }},
};

struct Parameter {
  BackendKind backend;
  Case each;
};

std::ostream& operator<<(std::ostream& out, const Parameter& parameter) {
  return out << parameter.backend.name << ", " << parameter.each.name;
}

std::vector<Parameter> AllParameters() {
  std::vector<Parameter> parameters;
  for (const BackendKind& backend : kBackends) {
    conformance::ForEachCase([&](const Case& each) { parameters.push_back({backend, each}); });
  }
  return parameters;
}

// GoogleTest wants letters and digits.
std::string TestName(const ::testing::TestParamInfo<Parameter>& info) {
  std::string name = std::string(info.param.backend.name) + "_" + info.param.each.name;
  std::ranges::replace_if(
      name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return name;
}

class Conformance : public ::testing::TestWithParam<Parameter> {};

TEST_P(Conformance, Holds) {
  const std::unique_ptr<Backend> backend = GetParam().backend.make();
  EXPECT_EQ(std::string(GetParam().each.run(*backend).view()), "");
}

INSTANTIATE_TEST_SUITE_P(All, Conformance, ::testing::ValuesIn(AllParameters()), TestName);

}  // namespace
}  // namespace sahpool::testing
