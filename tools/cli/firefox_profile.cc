// The pools of an origin in a profile of Firefox.
//
//   <profile>/storage/default/https+++example.org/fs/metadata.sqlite   the tree of the origin's
//   OPFS <profile>/storage/default/https+++example.org/fs/XX/XX...          a file, by its id in
//   base32
//
// The database may be that of a running Firefox, with a journal or a WAL, and opening it would
// write: what is opened is a copy, in memory, of what is committed in it.

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "cli/database_on_disk.h"
#include "cli/output.h"
#include "cli/pool_place.h"
#include "cli/sql.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMetadata = "metadata.sqlite";
// A thousand times what the list of an origin's files takes.
constexpr std::int64_t kMaxListBytes = 256 << 20;
constexpr int kMaxValue = 1 << 20;
constexpr std::size_t kMaxRows = 1'000'000;
// Of SQLite's instructions; ten for each row of the longest list.
constexpr int kSteps = 1000;
constexpr int kMaxThousands = 50'000;

// Handles, ids and names, which are bytes.
using Blob = std::string;

// The list may have been made by anybody. It gets neither time nor memory without end, and all that
// its schema may be is the three tables: no views, no virtual tables, no expressions.
int AllowReadingTables(void* /*unused*/, int action, const char* table, const char* /*column*/,
                       const char* /*database*/, const char* /*trigger_or_view*/) {
  if (action == SQLITE_SELECT) return SQLITE_OK;
  constexpr std::array<std::string_view, 4> kTables = {"sqlite_master", "Entries", "Directories",
                                                       "MainFiles"};
  const bool is_allowed = action == SQLITE_READ && table != nullptr &&
                          std::ranges::find(kTables, table) != kTables.end();
  return is_allowed ? SQLITE_OK : SQLITE_DENY;
}

int CountSteps(void* thousands) { return ++*static_cast<int*>(thousands) > kMaxThousands ? 1 : 0; }

Connection OpenCopy(const fs::path& path) {
  DatabaseOnDisk database(path, Links::kRefuse);
  if (database.image().size() > kMaxListBytes) {
    throw Failure(ExitCode::kFailed, "it is far too large");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(database.image().size()));
  Require(database.image().Read(bytes, 0));
  Connection connection = Connection::OpenBytes(bytes);
  connection.Distrust();
  sqlite3_limit(connection.get(), SQLITE_LIMIT_LENGTH, kMaxValue);
  sqlite3_set_authorizer(connection.get(), AllowReadingTables, nullptr);
  return connection;
}

// What of the list matters here.
struct FileList {
  struct Directory {
    Blob handle;
    Blob name;
  };
  std::map<Blob, Blob> parents;  // by the handle of a directory or file
  std::vector<Directory> directories;
  std::map<Blob, std::vector<Blob>> files;  // ids, by the handle of the directory
  std::vector<Blob> roots;
};

class ListReader {
 public:
  explicit ListReader(Connection& database) : database_(database) {
    sqlite3_progress_handler(database.get(), kSteps, CountSteps, &thousands_);
  }

  // What is wrong without being in the way; mostly empty.
  std::string Read(FileList& list) {
    std::string problem;
    ForEachRow("Entries", "SELECT handle, parent FROM Entries", [&](const Blob& a, const Blob& b) {
      if (b.empty()) {
        list.roots.push_back(a);
      } else if (!list.parents.emplace(a, b).second) {
        // The first one counts.
        problem = "it has a handle twice";
      }
    });
    ForEachRow("Directories", "SELECT handle, name FROM Directories",
               [&](const Blob& a, const Blob& b) { list.directories.push_back({a, b}); });
    ForEachRow("MainFiles", "SELECT handle, fileId FROM MainFiles WHERE fileId IS NOT NULL",
               [&](const Blob& a, const Blob& b) {
                 const auto parent = list.parents.find(a);
                 if (parent != list.parents.end()) list.files[parent->second].push_back(b);
               });
    return problem;
  }

 private:
  template <typename Visit>
  void ForEachRow(std::string_view table, const char* sql, Visit visit) {
    Statement kind(database_, "SELECT type, rootpage FROM sqlite_master WHERE name = :name");
    kind.Bind(":name", table);
    if (!kind.Step() || kind.Text(0) != "table" || kind.Integer(1) == 0) {
      throw Failure(ExitCode::kDamaged, "there is no table " + std::string(table));
    }
    Statement rows(database_, sql);
    for (std::size_t count = 0; rows.Step(); ++count) {
      if (count == kMaxRows) throw Failure(ExitCode::kDamaged, "it has rows without end");
      const auto copy = [&](int column) {
        const auto blob = rows.Blob(column);
        return Blob(reinterpret_cast<const char*>(blob.data()), blob.size());
      };
      visit(copy(0), copy(1));
    }
  }

  Connection& database_;
  int thousands_ = 0;
};

std::string Base32(const Blob& blob) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const std::byte byte : std::as_bytes(std::span(blob))) {
    pending = pending << 8 | std::to_integer<std::uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[pending >> (bits - 5) & 31U];
  }
  if (bits > 0) text += kDigits[pending << (5 - bits) & 31U];
  return text;
}

std::string Utf8From(const Blob& name) {
  const auto utf16 = std::as_bytes(std::span(name));
  std::string text;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    const auto unit = [&](std::size_t at) {
      return std::to_integer<char32_t>(utf16[at]) | std::to_integer<char32_t>(utf16[at + 1]) << 8;
    };
    char32_t c = unit(i);
    if (c >= 0xd800 && c < 0xdc00 && i + 3 < utf16.size()) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    }
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += static_cast<char>(0xc0 | c >> 6);
      tail(0);
    } else if (c < 0x10000) {
      text += static_cast<char>(0xe0 | c >> 12);
      tail(6);
      tail(0);
    } else {
      text += static_cast<char>(0xf0 | (c >> 18 & 7));
      tail(12);
      tail(6);
      tail(0);
    }
  }
  return text;
}

Blob Utf16From(std::string_view ascii) {
  Blob units;
  for (const char c : ascii) {
    units += c;
    units += '\0';
  }
  return units;
}

// "https+++example.org+8080" is https://example.org:8080; "^" begins what else tells two apart,
// such as a container.
std::string OriginInFirefox(const fs::path& folder) {
  std::string name = folder.parent_path().filename().string();
  const std::size_t suffix_at = std::min(name.find('^'), name.size());
  const std::string suffix = name.substr(suffix_at);
  name.resize(suffix_at);
  const std::size_t scheme_end = name.find("+++");
  if (scheme_end == std::string::npos) return {};
  std::string host = name.substr(scheme_end + 3);
  if (const std::size_t port = host.rfind('+'); port != std::string::npos) host[port] = ':';
  return name.substr(0, scheme_end) + "://" + host + suffix;
}

// From the roots down, so that what is not below one, such as a circle, is not reached.
class ListWalk {
 public:
  ListWalk(const FileList& list, const fs::path& folder) : list_(list), folder_(folder) {
    for (const FileList::Directory& directory : list.directories) {
      const auto parent = list.parents.find(directory.handle);
      if (parent != list.parents.end()) children_[parent->second].push_back(&directory);
    }
  }

  std::vector<PoolPlace> Run() {
    for (const Blob& root : list_.roots) Enter(root, {}, 0);
    return std::move(places_);
  }

 private:
  void Enter(const Blob& handle, const std::string& path, int depth) {
    const auto children = children_.find(handle);
    if (children == children_.end() || depth == kMaxFolderDepth) return;
    // A handle that is there twice is entered once.
    const std::vector<const FileList::Directory*> directories = std::move(children->second);
    children_.erase(children);
    for (const FileList::Directory* const directory : directories) {
      if (directory->name == Utf16From(kSlotFolder)) {
        AddPlace(directory->handle, path);
      } else {
        std::string below = path;
        if (!below.empty()) below += '/';
        below += Utf8From(directory->name);
        Enter(directory->handle, below, depth + 1);
      }
    }
  }

  void AddPlace(const Blob& handle, const std::string& path) {
    PoolPlace place;
    place.layout = Layout::kFirefox;
    place.folder = folder_;
    place.directory = path;
    place.origin = OriginInFirefox(folder_);
    const auto files = list_.files.find(handle);
    if (files == list_.files.end()) return;
    for (const Blob& id : files->second) {
      const std::string name = Base32(id);
      const fs::path file = folder_ / name.substr(0, 2) / name;
      if (!seen_.insert(name).second || !IsRegularFile(file)) continue;
      place.slots.push_back({.path = file, .name = name});
    }
    if (!place.slots.empty()) places_.push_back(std::move(place));
  }

  const FileList& list_;
  const fs::path& folder_;
  std::map<Blob, std::vector<const FileList::Directory*>> children_;
  std::set<std::string> seen_;
  std::vector<PoolPlace> places_;
};

}  // namespace

bool IsFirefoxFolder(const fs::path& folder) { return IsRegularFile(folder / kMetadata); }

std::vector<PoolPlace> ReadFirefoxFolder(const fs::path& folder) {
  FileList list;
  std::string problem;
  try {
    Connection database = OpenCopy(folder / kMetadata);
    problem = ListReader(database).Read(list);
  } catch (const Failure& failure) {
    problem = failure.what();
  }
  if (!problem.empty()) {
    problem =
        fmt::format("{}: the list of the origin's files is damaged, and slots may be missing ({})",
                    (folder / kMetadata).string(), problem);
    // Slots that no list tells of are still known by what is in them.
    Warn(problem);
  }
  std::vector<PoolPlace> places = ListWalk(list, folder).Run();
  for (PoolPlace& place : places) place.problem = problem;
  return places;
}

}  // namespace sahpool::cli
