// The pools of an origin in a profile of Firefox.
//
//   <profile>/storage/default/https+++example.org/fs/metadata.sqlite   the tree of the origin's
//   OPFS <profile>/storage/default/https+++example.org/fs/XX/XX...          a file, by its id in
//   base32
//
// The database may be that of a running Firefox, with a journal or a WAL, and opening it would
// write: what is opened is a copy, in memory, of what is committed in it.

#include <sqlite3.h>

#include <span>

#include "cli/database_on_disk.h"
#include "cli/pool_place.h"
#include "cli/sql.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSlotsQuery = R"(
  WITH RECURSIVE directory(handle, path, is_slot_folder) AS (
    SELECT entry.handle, x'', 0 FROM Entries AS entry WHERE entry.parent IS NULL
    UNION ALL
    SELECT d.handle,
           CASE WHEN d.name = :folder THEN up.path
                WHEN up.path = x'' THEN d.name ELSE CAST(up.path || x'2f00' || d.name AS BLOB) END,
           d.name = :folder
    FROM directory AS up JOIN Entries AS e ON e.parent = up.handle
                         JOIN Directories AS d ON d.handle = e.handle)
  SELECT hex(d.handle), d.path, m.fileId
  FROM directory AS d JOIN Entries AS e ON e.parent = d.handle
                      JOIN MainFiles AS m ON m.handle = e.handle
  WHERE d.is_slot_folder AND m.fileId IS NOT NULL ORDER BY 1, 3)";

Connection OpenCopy(const fs::path& path) {
  DatabaseOnDisk database(path);
  std::vector<std::byte> bytes(static_cast<std::size_t>(database.image().size()));
  Require(database.image().Read(bytes, 0));
  return Connection::OpenBytes(bytes);
}

std::string Base32(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const std::byte byte : bytes) {
    pending = pending << 8 | std::to_integer<std::uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[pending >> (bits - 5) & 31U];
  }
  if (bits > 0) text += kDigits[pending << (5 - bits) & 31U];
  return text;
}

std::string Utf8From(std::span<const std::byte> utf16) {
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

std::vector<std::byte> Utf16From(std::string_view ascii) {
  std::vector<std::byte> units;
  for (const char c : ascii) {
    units.push_back(static_cast<std::byte>(c));
    units.push_back(std::byte{0});
  }
  return units;
}

// "https+++example.org+8080" is https://example.org:8080; "^" begins what else tells two apart,
// such as a container.
std::string OriginOf(const fs::path& folder) {
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

}  // namespace

bool IsFirefoxFolder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "metadata.sqlite", ignored);
}

std::vector<PoolPlace> ReadFirefoxFolder(const fs::path& folder) {
  std::vector<PoolPlace> places;
  try {
    Connection database = OpenCopy(folder / "metadata.sqlite");
    Statement query(database, kSlotsQuery);
    query.Bind(":folder", Utf16From(kSlotFolder));
    std::string last_directory;
    while (query.Step()) {
      const std::string file = Base32(query.Blob(2));
      const fs::path path = folder / file.substr(0, 2) / file;
      std::error_code ignored;
      if (!fs::is_regular_file(path, ignored)) continue;
      if (places.empty() || last_directory != query.Text(0)) {
        last_directory = query.Text(0);
        places.emplace_back();
        places.back().layout = Layout::kFirefox;
        places.back().folder = folder;
        places.back().directory = Utf8From(query.Blob(1));
        places.back().origin = OriginOf(folder);
      }
      places.back().slots.push_back({.path = path, .name = file});
    }
  } catch (const Failure&) {
    // A database that says nothing leaves the slots to be known by what is in them.
    return {};
  }
  return places;
}

}  // namespace sahpool::cli
