#include "conditions.h"

#include <algorithm>
#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <charconv>
#include <limits>
#include <optional>

#include "field_text.h"

namespace sahpool::serve {
namespace {

using http::field;

constexpr int64_t kNanoseconds = 1'000'000'000;
// How coarse the times of files are: a tick of the kernel; two seconds on the simplest file
// systems.
constexpr int64_t kTick = kNanoseconds / 10;
constexpr int64_t kCoarseTick = 2 * kNanoseconds;

int64_t Nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * kNanoseconds + time.tv_nsec;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view WithoutWeakness(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Whether one of the tags in `name`'s fields is `etag`. None of ours holds a comma, so a comma in
// one of somebody else's can only make parts that are no tag of ours.
bool Names(const http::fields& asked, field name, std::string_view etag, bool weakly) {
  const auto [first, last] = asked.equal_range(name);
  for (auto each = first; each != last; ++each) {
    std::string_view rest = View(each->value());
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view tag = Trimmed(rest.substr(0, comma));
      if (tag == "*") return true;
      if (!etag.empty() && (weakly ? WithoutWeakness(tag) : tag) == etag) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

// Dates are compared as text: one of ours comes back as it was sent.
bool IsDate(std::string_view date, const Validators& current) {
  return !current.last_modified.empty() && Trimmed(date) == current.last_modified;
}

// A number that is too large counts as the largest.
std::optional<uint64_t> Number(std::string_view digits) {
  uint64_t value = 0;
  const char* const start = digits.data();
  const char* const end = start + digits.size();
  const auto [stop, error] = std::from_chars(start, end, value);
  if (digits.empty() || stop != end) return std::nullopt;
  return error == std::errc() ? value : std::numeric_limits<uint64_t>::max();
}

Part PartOf(std::string_view range, uint64_t size) {
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view from = Trimmed(range.substr(0, dash));
  const std::string_view to = Trimmed(range.substr(dash + 1));
  const std::optional<uint64_t> first = Number(from);
  const std::optional<uint64_t> last = Number(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (!first && !last)) return {};
  if (!first) {
    const uint64_t length = std::min(*last, size);
    return {length > 0 ? Part::Kind::kPart : Part::Kind::kNone, size - length, length};
  }
  if (last && *last < *first) return {};
  if (*first >= size) return {Part::Kind::kNone};
  const uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {Part::Kind::kPart, *first, end - *first + 1};
}

}  // namespace

Validators MakeValidators(const struct stat& file, timespec now, std::string_view variant) {
  Validators validators;
  // The time of the last change of any kind: the modification time can be set, to an old one too.
  const int64_t changed = Nanoseconds(file.st_ctim);
  const int64_t tick = file.st_ctim.tv_nsec == 0 ? kCoarseTick : kTick;
  if (Nanoseconds(now) - changed > tick) {
    std::array<char, 64> text = {};
    char* end = text.data();
    for (const uint64_t number :
         {static_cast<uint64_t>(changed), static_cast<uint64_t>(file.st_size),
          static_cast<uint64_t>(file.st_ino)}) {
      if (end != text.data()) *end++ = '-';
      end = std::to_chars(end, text.data() + text.size(), number, 16).ptr;
    }
    validators.etag.append("\"").append(text.data(), end).append(variant).append("\"");
  }
  // It has whole seconds only.
  if (now.tv_sec > file.st_mtim.tv_sec) validators.last_modified = HttpDate(file.st_mtim.tv_sec);
  return validators;
}

Verdict JudgeConditions(const http::fields& asked, const Validators& current) {
  if (asked.count(field::if_match) > 0 && !Names(asked, field::if_match, current.etag, false)) {
    return Verdict::kPreconditionFailed;
  }
  bool has = false;
  if (asked.count(field::if_none_match) > 0) {
    has = Names(asked, field::if_none_match, current.etag, true);
  } else {
    has = IsDate(View(asked[field::if_modified_since]), current);
  }
  return has ? Verdict::kNotModified : Verdict::kSend;
}

Part JudgeRange(const http::fields& asked, const Validators& current, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  std::string_view range = Trimmed(View(asked[field::range]));
  if (!boost::algorithm::istarts_with(range, kUnit)) return {};
  range.remove_prefix(kUnit.size());

  const std::string_view version = Trimmed(View(asked[field::if_range]));
  if (!version.empty() && version != current.etag && !IsDate(version, current)) return {};
  return PartOf(range, size);
}

std::string HttpDate(time_t time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm parts = {};
  if (gmtime_r(&time, &parts) == nullptr) return {};
  std::array<char, 64> rest;
  std::string date = kDays[static_cast<size_t>(parts.tm_wday)];
  date.append(rest.data(), strftime(rest.data(), rest.size(), ", %d ", &parts));
  date += kMonths[static_cast<size_t>(parts.tm_mon)];
  date.append(rest.data(), strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &parts));
  return date;
}

}  // namespace sahpool::serve
