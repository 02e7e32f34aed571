// The pools of an origin in a profile of Chromium.
//
//   <profile>/<user>/File System/Origins        LevelDB: "ORIGIN:https_example.org_0" -> "000"
//   <profile>/<user>/File System/000/t/Paths    LevelDB: the tree of the origin's OPFS
//   <profile>/<user>/File System/000/t/00/0000000N
//
// In "Paths" a decimal number maps to a pickle (a 32-bit size, then fields that are padded to four
// bytes) of one file or directory: parent number (64 bits), path of its bytes, name, time.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "cli/descriptor.h"
#include "cli/level_db.h"
#include "cli/output.h"
#include "cli/pool_place.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPaths = "Paths";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Chromium puts a file's bytes nowhere else: its number modulo 100, then the number.
bool IsBytesPath(std::string_view path) {
  constexpr std::size_t kSlash = 2;
  constexpr std::size_t kMinSize = 11;
  if (path.size() < kMinSize || path.size() > 2 * kMinSize || path[kSlash] != '/') return false;
  const std::string_view folder = path.substr(0, kSlash);
  const std::string_view file = path.substr(kSlash + 1);
  return std::ranges::all_of(folder, IsDigit) && std::ranges::all_of(file, IsDigit);
}

class PickleReader {
 public:
  explicit PickleReader(std::string_view pickle) : rest_(pickle) { Integer32(); }

  std::uint32_t Integer32() { return static_cast<std::uint32_t>(Integer(4)); }
  std::uint64_t Integer64() { return Integer(8); }
  std::string String() {
    const std::size_t size = std::min<std::size_t>(Integer32(), rest_.size());
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(std::min(rest_.size(), (size + 3) / 4 * 4));
    return text;
  }

 private:
  // Zero when the pickle has been cut off.
  std::uint64_t Integer(std::size_t size) {
    if (rest_.size() < size) {
      rest_ = {};
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view rest_;
};

struct Entry {
  std::uint64_t parent = 0;
  std::string bytes_path;  // empty for a directory
  std::string name;
};

std::map<std::uint64_t, Entry> ReadEntries(const std::map<std::string, std::string>& paths) {
  std::map<std::uint64_t, Entry> entries;
  for (const auto& [key, value] : paths) {
    std::uint64_t number = 0;
    const char* const end = key.data() + key.size();
    if (std::from_chars(key.data(), end, number).ptr != end) continue;
    PickleReader pickle(value);
    Entry& entry = entries[number];
    entry.parent = pickle.Integer64();
    entry.bytes_path = pickle.String();
    entry.name = pickle.String();
  }
  return entries;
}

// The path of a directory below the root, which has the number 0.
std::string PathOf(const std::map<std::uint64_t, Entry>& entries, std::uint64_t number) {
  fs::path path;
  // A damaged database could lead in circles.
  for (int depth = 0; number != 0 && depth < kMaxFolderDepth; ++depth) {
    const auto entry = entries.find(number);
    if (entry == entries.end()) break;
    path = path.empty() ? fs::path(entry->second.name) : entry->second.name / path;
    number = entry->second.parent;
  }
  return path.generic_string();
}

// "https_example.org_0" is https://example.org; 0 stands for the scheme's own port.
std::string OriginFrom(const std::string& identifier) {
  const std::size_t first = identifier.find('_');
  const std::size_t last = identifier.rfind('_');
  if (first == std::string::npos || first == last) return identifier;
  const std::string port = identifier.substr(last + 1);
  return identifier.substr(0, first) + "://" + identifier.substr(first + 1, last - first - 1) +
         (port == "0" ? "" : ":" + port);
}

std::string OriginInChromium(const fs::path& folder) {
  const std::string number = folder.parent_path().filename().string();
  constexpr std::string_view kPrefix = "ORIGIN:";
  const fs::path list = folder.parent_path().parent_path() / "Origins";
  if (!IsRegularFile(list / "CURRENT")) return {};
  const LevelDbContent origins = ReadLevelDb(list);
  for (const auto& [key, value] : origins.pairs) {
    if (key.starts_with(kPrefix) && value == number) return OriginFrom(key.substr(kPrefix.size()));
  }
  return {};
}

}  // namespace

bool IsChromiumFolder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(folder / kPaths, ignored)) &&
         IsRegularFile(folder / kPaths / "CURRENT");
}

std::vector<PoolPlace> ReadChromiumFolder(const fs::path& folder) {
  const LevelDbContent list = ReadLevelDb(folder / kPaths);
  std::string problem = list.problem;
  const std::map<std::uint64_t, Entry> entries = ReadEntries(list.pairs);
  std::map<std::uint64_t, PoolPlace> places;
  std::set<std::string> seen;
  for (const auto& [number, entry] : entries) {
    const auto parent = entries.find(entry.parent);
    if (entry.bytes_path.empty() || parent == entries.end() || parent->second.name != kSlotFolder) {
      continue;
    }
    const fs::path path = folder / entry.bytes_path;
    if (!IsBytesPath(entry.bytes_path) || !seen.insert(entry.bytes_path).second) {
      problem = "a path that no browser writes: " + entry.bytes_path;
    } else if (IsRegularFile(path)) {
      places[entry.parent].slots.push_back({.path = path, .name = entry.bytes_path});
    }
  }
  if (!problem.empty()) {
    problem = fmt::format(
        "{}: the list of the origin's files is damaged, and slots may be missing"
        " ({})",
        (folder / kPaths).string(), problem);
    Warn(problem);
  }
  const std::string origin = OriginInChromium(folder);
  std::vector<PoolPlace> found;
  for (auto& [number, place] : places) {
    place.layout = Layout::kChromium;
    place.folder = folder;
    place.directory = PathOf(entries, entries.at(number).parent);
    place.origin = origin;
    place.problem = problem;
    found.push_back(std::move(place));
  }
  return found;
}

}  // namespace sahpool::cli
