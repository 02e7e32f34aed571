// Status and Result: how every fallible call in sahpool reports its outcome.
//
// Neither allocates, throws or needs RTTI: the text of an error lives inside the
// object, so an error can be reported even when memory has run out.
// Threads: plain values, no shared state.
#ifndef SAHPOOL_STATUS_H_
#define SAHPOOL_STATUS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sahpool {

// What went wrong, independent of where. src/vfs/result_code.h maps these to
// SQLite's result codes.
enum class Code : std::uint8_t {
  kOk = 0,
  kIo,            // the storage failed or returned an impossible count
  kFull,          // the disk, the quota or the host's limits are exhausted
  kNoFreeSlot,    // the pool has no free slot
  kNotFound,      // no such file or slot
  kExists,        // the name is taken
  kBusy,          // in use by a connection, an import, an export or another process
  kInvalid,       // an argument is out of its documented range
  kNameTooLong,   // the resolved name does not fit into a slot header
  kNotADatabase,  // bytes are no database as SQLite writes it, or are cut short
  kCorrupt,       // stored bytes contradict themselves
  kMisuse,        // the call is not allowed in this state
  kNoMemory,
  kUnsupported,  // this browser, this place in it or this build can't do that
};

// A short text built without allocating; what does not fit is cut off at the
// end. Always NUL-terminated.
class Text {
 public:
  static constexpr std::size_t kCapacity = 320;

  Text() { bytes_[0] = '\0'; }
  explicit Text(std::string_view text) : Text() { Append(text); }
  explicit Text(const char* text) : Text() { Append(text); }
  Text(const Text& other) : Text() { Assign(other); }
  Text& operator=(const Text& other) {
    if (this != &other) Assign(other);
    return *this;
  }

  // Out of line, as are the other parts that only errors reach: they would be copied into every
  // function that can fail.
  [[gnu::noinline]] Text& Append(std::string_view text) {
    const std::size_t room = kCapacity - 1 - size_;
    const std::size_t count = std::min(room, text.size());
    text.copy(bytes_.data() + size_, count);
    size_ += count;
    bytes_[size_] = '\0';
    return *this;
  }
  // Literals: one argument instead of two at each of the many calls.
  [[gnu::noinline]] Text& Append(const char* text) { return Append(std::string_view(text)); }
  // Decimal. A loop, because std::to_chars() is several times as large.
  [[gnu::noinline]] Text& Append(std::int64_t number) {
    std::array<char, 20> digits;
    std::size_t begin = digits.size();
    auto rest = static_cast<std::uint64_t>(number);
    if (number < 0) rest = 0 - rest;
    do {
      digits[--begin] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (number < 0) digits[--begin] = '-';
    return Append({digits.data() + begin, digits.size() - begin});
  }
  void Clear() {
    size_ = 0;
    bytes_[0] = '\0';
  }

  std::string_view view() const { return {bytes_.data(), size_}; }
  const char* c_str() const { return bytes_.data(); }
  bool empty() const { return size_ == 0; }

 private:
  [[gnu::noinline]] void Assign(const Text& other) {
    Clear();
    Append(other.view());
  }

  std::size_t size_ = 0;
  std::array<char, kCapacity> bytes_;  // uninitialised behind size_
};

// The outcome of a call: kOk, or a code and a text for people.
class [[nodiscard]] Status {
 public:
  // Not defaulted: that would fill all of the text with zeros whenever a call succeeds.
  [[gnu::noinline]] Status() {}
  [[gnu::noinline]] Status(Code code, std::string_view text) : code_(code), text_(text) {}
  [[gnu::noinline]] Status(Code code, const char* text) : code_(code), text_(text) {}
  [[gnu::noinline]] Status(Code code, const Text& text) : code_(code), text_(text) {}

  // Of any allocation: which one it was helps nobody.
  [[gnu::noinline]] static Status NoMemory() { return {Code::kNoMemory, "out of memory"}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  std::string_view text() const { return text_.view(); }
  const char* c_str() const { return text_.c_str(); }

 private:
  Code code_ = Code::kOk;
  Text text_;
};

// A value, or the Status that says why there is none. value() may be called
// only when ok(); T must be default-constructible and movable.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  const T& value() const { return value_; }
  T& value() { return value_; }

 private:
  T value_{};
  Status status_;
};

}  // namespace sahpool

#endif  // SAHPOOL_STATUS_H_
