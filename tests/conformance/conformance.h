// The conformance suite: cases that every storage backend has to pass, alone and under the pool,
// the VFS and SQLite. The same sources run natively (tests/native/conformance_test.cc) and, built
// as a side module, in WebAssembly (wasm_main.cc). Hence no exceptions, no allocating std
// containers and no part of libc or libc++ that has to be linked.
//
// A case is a function that gets empty slots and returns a failure, empty when it has passed. The
// REQUIRE macros return from it, or from a helper that returns a Failure too, so what it opened is
// to be closed by destructors.
// Threads: cases run one at a time. Ownership: slots belong to the backend.
#ifndef SAHPOOL_TESTS_CONFORMANCE_CONFORMANCE_H_
#define SAHPOOL_TESTS_CONFORMANCE_CONFORMANCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sahpool/status.h"
#include "storage/storage.h"

namespace sahpool::conformance {

// How many slots a backend gives to each case.
inline constexpr int kSlotCount = 16;

class Backend {
 public:
  virtual ~Backend() = default;

  virtual Host& host() = 0;
  // The slot with that index below kSlotCount, open and empty when the case begins.
  virtual StorageHandle& slot(int index) = 0;
};

// "file:line: what was required", and what was there instead; empty when a case has passed.
using Failure = Text;

struct Case {
  const char* name;
  Failure (*run)(Backend& backend);
};

// The cases by what they are about.
std::span<const Case> StorageCases();
std::span<const Case> PoolCases();
std::span<const Case> PoolRecoveryCases();
std::span<const Case> VfsOpenCases();
std::span<const Case> VfsFileCases();
std::span<const Case> VfsLockCases();
std::span<const Case> SqlCases();
std::span<const Case> SqlRecoveryCases();

// Calls `visit(case)` for every case there is.
template <typename Visit>
void ForEachCase(Visit visit) {
  for (const auto group : {StorageCases, PoolCases, PoolRecoveryCases, VfsOpenCases, VfsFileCases,
                           VfsLockCases, SqlCases, SqlRecoveryCases}) {
    for (const Case& each : group()) visit(each);
  }
}

// Where a requirement stands: __FILE__ without its directories, which differ between machines.
constexpr std::string_view BaseName(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

inline Failure Fail(std::string_view file, int line, std::string_view what) {
  return Text(BaseName(file)).Append(":").Append(line).Append(": ").Append(what);
}

template <typename Actual, typename Expected>
Failure RequireEqual(std::string_view file, int line, std::string_view what, const Actual& actual,
                     const Expected& expected) {
  if constexpr (std::is_convertible_v<const Actual&, std::string_view>) {
    const std::string_view seen(actual);
    if (seen == std::string_view(expected)) return {};
    return Fail(file, line, what).Append(", but it is \"").Append(seen).Append("\"");
  } else {
    const auto seen = static_cast<std::int64_t>(actual);
    if (seen == static_cast<std::int64_t>(expected)) return {};
    return Fail(file, line, what).Append(", but it is ").Append(seen);
  }
}

inline Failure RequireOk(std::string_view file, int line, std::string_view what,
                         const Status& status) {
  if (status.ok()) return {};
  return Fail(file, line, what).Append(": ").Append(status.text());
}
template <typename T>
Failure RequireOk(std::string_view file, int line, std::string_view what, const Result<T>& result) {
  return RequireOk(file, line, what, result.status());
}

// Adds the place that called for it to a helper's failure.
inline Failure RequirePassed(std::string_view file, int line, const Failure& inner) {
  if (inner.empty()) return {};
  return Fail(file, line, "").Append(inner.view());
}

#define SAHPOOL_RETURN_FAILURE(failure)                                 \
  do {                                                                  \
    const ::sahpool::conformance::Failure required_failure = (failure); \
    if (!required_failure.empty()) return required_failure;             \
  } while (false)

#define REQUIRE(condition)                                                                 \
  do {                                                                                     \
    if (!(condition)) return ::sahpool::conformance::Fail(__FILE__, __LINE__, #condition); \
  } while (false)
// Both are numbers or enumerators, or both texts.
#define REQUIRE_EQ(actual, expected)                           \
  SAHPOOL_RETURN_FAILURE(::sahpool::conformance::RequireEqual( \
      __FILE__, __LINE__, #actual " == " #expected, actual, expected))
// For a Status or a Result.
#define REQUIRE_OK(call) \
  SAHPOOL_RETURN_FAILURE(::sahpool::conformance::RequireOk(__FILE__, __LINE__, #call, call))
// For a helper that returns a Failure.
#define REQUIRE_PASSED(call) \
  SAHPOOL_RETURN_FAILURE(::sahpool::conformance::RequirePassed(__FILE__, __LINE__, call))

// A block of bytes; false when memory has run out.
class Buffer {
 public:
  explicit Buffer(std::size_t size) : bytes_(new(std::nothrow) std::byte[size]()), size_(size) {}

  explicit operator bool() const { return bytes_ != nullptr; }
  std::byte* data() const { return bytes_.get(); }
  int size() const { return static_cast<int>(size_); }
  std::span<std::byte> span() const { return {bytes_.get(), size_}; }
  std::span<std::byte> first(std::size_t count) const { return span().first(count); }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

// Bytes that tell where they belong: no two seeds, and no two places near each other, look alike.
constexpr std::byte PatternByte(std::uint32_t seed, std::size_t position) {
  const std::uint32_t mixed =
      (seed * 2654435761U) ^ (static_cast<std::uint32_t>(position) * 40503U);
  return static_cast<std::byte>((mixed >> 7) ^ mixed);
}
inline void FillPattern(std::span<std::byte> bytes, std::uint32_t seed) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = PatternByte(seed, i);
}
// Whether `bytes` are what FillPattern() put at `position` and behind.
inline bool HasPattern(std::span<const std::byte> bytes, std::uint32_t seed,
                       std::size_t position = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != PatternByte(seed, position + i)) return false;
  }
  return true;
}
inline bool IsZero(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    if (byte != std::byte{0}) return false;
  }
  return true;
}

// The same numbers on every run, for walks through many states.
class RandomNumbers {
 public:
  // A number from 0 to `limit` - 1.
  int Below(int limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(limit));
  }

 private:
  std::uint64_t state_ = 20240229;
};

}  // namespace sahpool::conformance

#endif  // SAHPOOL_TESTS_CONFORMANCE_CONFORMANCE_H_
