// The conformance suite as a side module: runs the cases over the browser host backend.

#include <array>
#include <memory>
#include <new>

#include "browser/host_storage.h"
#include "tests/conformance/conformance.h"

namespace sahpool::conformance {
namespace {

class BrowserBackend final : public Backend {
 public:
  // The handles have the numbers from `first_handle` on.
  explicit BrowserBackend(int first_handle) : first_handle_(first_handle) {}

  Status Start() {
    for (int i = 0; i < kSlotCount; ++i) {
      auto& slot = slots_[static_cast<std::size_t>(i)];
      slot.reset(new (std::nothrow) HostHandle(first_handle_ + i));
      if (!slot) return {Code::kNoMemory, "out of memory"};
      if (Status s = slot->Truncate(0); !s.ok()) return s;
    }
    return {};
  }

  Host& host() override { return host_; }
  StorageHandle& slot(int index) override { return *slots_[static_cast<std::size_t>(index)]; }

 private:
  int first_handle_;
  BrowserHost host_;
  std::array<std::unique_ptr<HostHandle>, kSlotCount> slots_;
};

Failure Run(const Case& wanted, int first_handle) {
  BrowserBackend backend(first_handle);
  REQUIRE_OK(backend.Start());
  return wanted.run(backend);
}

int CountCases() {
  int count = 0;
  ForEachCase([&](const Case&) { ++count; });
  return count;
}

// Null when there is no such case.
const Case* FindCase(int index) {
  const Case* found = nullptr;
  ForEachCase([&](const Case& each) {
    if (index-- == 0) found = &each;
  });
  return found;
}

}  // namespace
}  // namespace sahpool::conformance

extern "C" {

int conformance_case_count(void) { return sahpool::conformance::CountCases(); }

const char* conformance_case_name(int index) {
  const auto* const found = sahpool::conformance::FindCase(index);
  return found != nullptr ? found->name : nullptr;
}

// How many handles conformance_run() needs.
int conformance_slot_count(void) { return sahpool::conformance::kSlotCount; }

// Runs a case on the handles with the numbers from `first_handle` on, which it empties. Null when
// it passed, otherwise the failure, valid until the next call.
const char* conformance_run(int index, int first_handle) {
  static sahpool::conformance::Failure failure;
  const auto* const found = sahpool::conformance::FindCase(index);
  failure = found != nullptr ? sahpool::conformance::Run(*found, first_handle)
                             : sahpool::conformance::Failure("there is no such case");
  return failure.empty() ? nullptr : failure.c_str();
}

}  // extern "C"
