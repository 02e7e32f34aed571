// The name resolver: a resolved name is absolute, fits into a header, resolves to itself, also with
// SQLite's suffixes, and distinct plain names stay distinct.

#include <algorithm>
#include <string>
#include <string_view>

#include "format/file_name.h"
#include "fuzz_input.h"

namespace sahpool::fuzz {
namespace {

bool IsSeparator(char c) { return c == '/' || c == '\\'; }

bool IsStorable(char c, const UrlDialect& dialect) {
  if (c == '^') return !dialect.encodes_caret;
  if (c == '|') return !dialect.encodes_bar;
  return c > ' ' && c < '\x7F' && std::string_view("\"<>\\`{}").find(c) == std::string_view::npos;
}

// "%2e" is a dot to whoever takes the name for a URL.
std::string WithDotsDecoded(std::string segment) {
  for (std::size_t at = 0; (at = segment.find("%2", at)) != std::string::npos; ++at) {
    const char last = at + 2 < segment.size() ? segment[at + 2] : '\0';
    if (last == 'e' || last == 'E') segment.replace(at, 3, ".");
  }
  return segment;
}

void CheckStoredName(std::string_view stored, const UrlDialect& dialect) {
  ASSERT_FALSE(stored.empty());
  EXPECT_EQ(stored.front(), '/');
  EXPECT_LE(stored.size(), FileName::kMaxSize);
  EXPECT_TRUE(std::ranges::all_of(stored, [&](char c) { return IsStorable(c, dialect); }));
  std::string rest = std::string(stored) + "/";
  for (std::size_t end = 0; (end = rest.find('/', 1)) != std::string::npos; rest.erase(0, end)) {
    const std::string segment = WithDotsDecoded(rest.substr(1, end - 1));
    EXPECT_TRUE(segment != "." && segment != "..") << stored;
  }
}

// As SQLite and Pool append them.
void CheckSuffixes(const FileName& name, const UrlDialect& dialect) {
  for (const char* suffix : {"-journal", "-wal", "-mj0123456789", ".duplicate-1"}) {
    const std::string suffixed = std::string(name.view()) + suffix;
    const auto resolved = ResolveFileName(suffixed, dialect);
    EXPECT_EQ(resolved.ok(), suffixed.size() <= FileName::kMaxSize);
    if (resolved.ok()) {
      EXPECT_EQ(resolved.value().view(), suffixed);
    }
  }
}

Result<FileName> CheckName(const std::string& name, const UrlDialect& dialect) {
  const auto resolved = ResolveFileName(name, dialect);
  if (!resolved.ok()) {
    EXPECT_FALSE(resolved.status().text().empty());
    EXPECT_EQ(resolved.status().code(), name.empty() ? Code::kInvalid : Code::kNameTooLong);
    // No byte takes more than three.
    EXPECT_TRUE(name.empty() || 1 + name.size() * 3 > FileName::kMaxSize);
    return resolved;
  }
  const FileName& stored = resolved.value();
  EXPECT_EQ(std::string_view(stored.c_str()), stored.view());
  CheckStoredName(stored.view(), dialect);
  EXPECT_TRUE(IsResolved(stored.view(), dialect)) << stored.view();
  CheckSuffixes(stored, dialect);
  EXPECT_TRUE(!IsPlainName(name) || stored.view() == name) << name;
  if (!IsSeparator(name.front())) {
    const auto absolute = ResolveFileName("/" + name, dialect);
    EXPECT_TRUE(absolute.ok() && absolute.value() == stored);
  }
  return resolved;
}

// Without what a path gives a meaning to: separators, dots, escapes, and the '|' of a drive.
bool IsPlain(std::string_view name) {
  return name.find_first_of("/\\.%|") == std::string_view::npos;
}

void CheckDistinct(const std::string& a, const std::string& b, const UrlDialect& dialect) {
  const auto first = CheckName(a, dialect);
  const auto second = CheckName(b, dialect);
  if (!first.ok() || !second.ok() || !IsPlain(a) || !IsPlain(b)) return;
  EXPECT_EQ(first.value() == second.value(), a == b) << a << " and " << b;
}

void CheckStored(const std::string& stored) {
  const auto name = FileName::FromStored(stored);
  const bool is_valid = !stored.empty() && stored.size() <= FileName::kMaxSize &&
                        stored.find('\0') == std::string::npos;
  EXPECT_EQ(name.ok(), is_valid);
  if (is_valid) {
    EXPECT_EQ(name.value().view(), stored);
  }
}

void CheckNames(FuzzedDataProvider& input) {
  const UrlDialect dialect = {.encodes_caret = input.ConsumeBool(),
                              .encodes_bar = input.ConsumeBool(),
                              .knows_drive_letters = input.ConsumeBool()};
  const std::string first = input.ConsumeRandomLengthString(700);
  const std::string second =
      input.ConsumeBool() ? first + input.ConsumeRandomLengthString(4) : TakeName(input);
  CheckDistinct(first, second, dialect);
  CheckStored(first);
}

}  // namespace
}  // namespace sahpool::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::CheckNames(input);
  return 0;
}
