#include "mutated_places.h"

#include <leveldb/db.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

#include "format/slot_header.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "can't make a place: %s\n", what.c_str());
  std::abort();
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void Execute(const fs::path& file, const std::vector<std::string>& statements) {
  sqlite3* database = nullptr;
  if (sqlite3_open(file.c_str(), &database) != SQLITE_OK) Die(file.string());
  for (const std::string& sql : statements) {
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
  }
  sqlite3_close(database);
}

// As Chromium pickles an entry of its list.
std::string Pickle(std::uint64_t parent, const std::string& path, const std::string& name) {
  std::string fields;
  const auto add = [&](const void* bytes, std::size_t size) {
    fields.append(static_cast<const char*>(bytes), size);
    fields.append((4 - size % 4) % 4, '\0');
  };
  const auto add_text = [&](const std::string& text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    add(&size, sizeof(size));
    add(text.data(), text.size());
  };
  add(&parent, sizeof(parent));
  add_text(path);
  add_text(name);
  const std::uint64_t time = 0;
  add(&time, sizeof(time));
  const auto size = static_cast<std::uint32_t>(fields.size());
  return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + fields;
}

void WriteLevelDb(const fs::path& folder, const std::map<std::string, std::string>& pairs) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  if (!leveldb::DB::Open(options, folder.string(), &opened).ok()) Die(folder.string());
  const std::unique_ptr<leveldb::DB> database(opened);
  for (const auto& [key, value] : pairs) database->Put({}, key, value);
  // Half of them end in a table, the other half in the log.
  if (pairs.size() % 2 == 0) database->CompactRange(nullptr, nullptr);
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(c));
    text += digits.data();
  }
  return text;
}

std::string Base32(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  unsigned pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[pending >> (bits - 5) & 31U];
  }
  if (bits > 0) text += kDigits[pending << (5 - bits) & 31U];
  return text;
}

std::string Utf16(std::string_view ascii) {
  std::string text;
  for (const char c : ascii) text += {c, '\0'};
  return text;
}

}  // namespace

MutatedPlace::MutatedPlace(PlaceKind kind, const fs::path& slots, std::uint32_t seed)
    : random_(seed) {
  std::string root = (fs::temp_directory_path() / "sahpool-mutated-XXXXXX").string();
  if (mkdtemp(root.data()) == nullptr) Die(root);
  root_ = root;
  dir_ = root_ / "dir";
  outside_ = root_ / "outside";
  fs::create_directories(dir_);
  fs::create_directories(outside_);
  MakeOutside(slots);
  switch (kind) {
    case PlaceKind::kOpaque:
      dir_ /= "pool";
      fs::create_directories(dir_ / ".opaque");
      fs::copy(slots, dir_ / ".opaque");
      break;
    case PlaceKind::kFolder:
      fs::copy(slots, dir_);
      break;
    case PlaceKind::kChromium:
      MakeChromium(slots);
      break;
    case PlaceKind::kFirefox:
      MakeFirefox(slots);
      break;
  }
  dir_ = root_ / "dir";
  folders_.push_back(dir_);
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    (entry.is_directory() ? folders_ : files_).push_back(entry.path());
  }
  Mutate();
}

MutatedPlace::~MutatedPlace() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void MutatedPlace::MakeOutside(const fs::path& slots) {
  fs::copy(slots, outside_);
  WriteAll(outside_ / "free", std::string(4096, '\0'));
  WriteAll(outside_ / "zeros", std::string(50'000, '\0'));
  Execute(source(), {"CREATE TABLE t(x)", "INSERT INTO t VALUES (randomblob(5000))"});
}

void MutatedPlace::MakeChromium(const fs::path& slots) {
  const fs::path system = dir_ / "Default/File System";
  const fs::path folder = system / "000/t";
  fs::create_directories(folder / "00");
  std::map<std::string, std::string> list = {{"1", Pickle(0, "", "pool")},
                                             {"2", Pickle(1, "", ".opaque")}};
  std::uint64_t number = 3;
  for (const auto& entry : fs::directory_iterator(slots)) {
    std::array<char, 16> name{};
    std::snprintf(name.data(), name.size(), "00/%08u", static_cast<unsigned>(number));
    fs::copy_file(entry.path(), folder / name.data());
    list[std::to_string(number++)] = Pickle(2, name.data(), AnyName());
  }
  for (std::uint32_t i = Below(4); i > 0; --i) {
    const std::vector<std::string> paths = {(outside_ / "free").string(),
                                            "../../../../../outside/free",
                                            "00/../../t/00/00000003",
                                            "00/00000003",
                                            "00",
                                            "",
                                            std::string(300, '0'),
                                            "00/" + AnyName()};
    list[std::to_string(number++)] = Pickle(Below(4), Any(paths), AnyName());
  }
  if (Below(8) == 0) list["1"] = Pickle(2, "", "pool");
  WriteLevelDb(folder / "Paths", list);
  WriteLevelDb(system / "Origins", {{"ORIGIN:https_example.org_0", "000"}});
}

void MutatedPlace::MakeFirefox(const fs::path& slots) {
  const fs::path folder = dir_ / "storage/default/https+++example.org/fs";
  fs::create_directories(folder);
  std::vector<std::string> statements = {
      "CREATE TABLE Entries (handle BLOB, parent BLOB)",
      "CREATE TABLE Directories (handle BLOB, name BLOB)",
      "CREATE TABLE MainFiles (handle BLOB, fileId BLOB)",
      "INSERT INTO Entries VALUES (x'00', NULL), (x'01', x'00'), (x'02', x'01')",
      "INSERT INTO Directories VALUES (x'00', x''), (x'01', x'" + Hex(Utf16("pool")) +
          "'), (x'02', x'" + Hex(Utf16(".opaque")) + "')"};
  char number = 1;
  for (const auto& entry : fs::directory_iterator(slots)) {
    const std::string id(32, number);
    const std::string name = Base32(id);
    fs::create_directories(folder / name.substr(0, 2));
    fs::copy_file(entry.path(), folder / name.substr(0, 2) / name);
    const std::string handle = Hex({&number, 1}) + "ff";
    statements.push_back("INSERT INTO Entries VALUES (x'" + handle + "', x'02')");
    statements.push_back("INSERT INTO MainFiles VALUES (x'" + handle + "', x'" + Hex(id) + "')");
    ++number;
  }
  const std::vector<std::string> tricks = {
      "INSERT INTO Directories SELECT * FROM Directories",
      "INSERT INTO Entries SELECT * FROM Entries",
      "INSERT INTO MainFiles SELECT * FROM MainFiles",
      "UPDATE Entries SET parent = x'02' WHERE handle = x'01'",
      "INSERT INTO Entries VALUES (x'00', x'02')",
      "UPDATE Directories SET name = zeroblob(3000000) WHERE handle = x'01'",
      "UPDATE Directories SET name = randomblob(31) WHERE handle = x'01'",
      "UPDATE MainFiles SET fileId = x'00'",
      "ALTER TABLE Entries RENAME TO E; CREATE VIEW Entries AS WITH RECURSIVE c(handle, parent) AS"
      " (SELECT 1, NULL UNION ALL SELECT handle + 1, NULL FROM c) SELECT * FROM c",
      "DROP TABLE MainFiles; CREATE VIRTUAL TABLE MainFiles USING fts5(handle, fileId)",
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) INSERT INTO"
      " Entries SELECT i, x'01' FROM c",
      "PRAGMA journal_mode = WAL"};
  for (std::uint32_t i = Below(3); i > 0; --i) statements.push_back(Any(tricks));
  Execute(folder / "metadata.sqlite", statements);
}

std::string MutatedPlace::AnyName() {
  const std::vector<std::string> names = {"/app.db",
                                          "/app.db-journal",
                                          "/app.db-wal",
                                          "/../../../outside/free",
                                          "/a",
                                          "/a/b",
                                          "/\x1b]0;evil\x07",
                                          "/\xc2\x9b"
                                          "31m\xe2\x80\xae",
                                          "/" + std::string(509, 'x'),
                                          "/%e3%83%87%e3%83%bc" + std::string(300, 'y'),
                                          "name",
                                          "/"};
  return Any(names);
}

void MutatedPlace::Mutate() {
  for (std::uint32_t i = 1 + Below(4); i > 0; --i) {
    const fs::path file = Any(files_);
    if (!fs::is_regular_file(fs::symlink_status(file))) continue;
    const std::uint32_t kind = Below(10);
    what_ += (what_.empty() ? "" : ", ") + std::to_string(kind) + " " + file.filename().string();
    if (kind < 4) {
      MutateBytes(file);
    } else if (kind == 4) {
      MutateHeader(file);
    } else if (kind == 5) {
      const std::string a = ReadAll(file);
      const fs::path other = Any(files_);
      if (!fs::is_regular_file(fs::symlink_status(other))) continue;
      WriteAll(file, ReadAll(other));
      if (Below(2) == 0) WriteAll(other, a);
    } else if (kind == 6 || kind == 7) {
      Replace(file);
    } else if (kind == 8) {
      AddFile(Any(folders_));
    } else {
      AddLock(Any(folders_));
    }
  }
}

void MutatedPlace::MutateBytes(const fs::path& file) {
  std::string bytes = ReadAll(file);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (size == 0) return;
  constexpr std::uint32_t kStart = 4300;
  switch (Below(5)) {
    case 0:
      bytes.resize(Below(size + 1));
      break;
    case 1:
      bytes.resize(size + Below(100'000));
      break;
    case 2:
      for (std::uint32_t at = Below(size), i = Below(5000); i > 0 && at < size; --i, ++at) {
        bytes[at] = static_cast<char>(random_());
      }
      break;
    default:
      for (std::uint32_t i = 1 + Below(8); i > 0; --i) {
        const std::uint32_t at = Below(Below(2) == 0 ? std::min(size, kStart) : size);
        bytes[at] = static_cast<char>(Below(2) == 0 ? 0 : random_());
      }
  }
  WriteAll(file, bytes);
  // As large as a hole can make it, where it is no slot.
  if (file.filename() == "metadata.sqlite" && Below(10) == 0) fs::resize_file(file, 1LL << 31);
}

void MutatedPlace::MutateHeader(const fs::path& file) {
  std::string bytes = ReadAll(file);
  if (bytes.size() < kSlotHeaderSize) return;
  const std::vector<std::uint32_t> flags = {open_flag::kMainDb,
                                            open_flag::kMainJournal,
                                            open_flag::kMainJournal | open_flag::kSealedJournal,
                                            open_flag::kWal,
                                            open_flag::kSuperJournal,
                                            open_flag::kTransientDb | open_flag::kDeleteOnClose};
  const std::string name = AnyName();
  const SlotHeaderBytes header =
      Below(4) == 0
          ? EncodeFreeHeader()
          : EncodeNamedHeader(std::string_view(name).substr(0, kMaxStoredPathSize), Any(flags));
  std::memcpy(bytes.data(), header.data(), header.size());
  WriteAll(file, bytes);
}

void MutatedPlace::Replace(const fs::path& file) {
  std::error_code ignored;
  fs::remove(file);
  switch (Below(6)) {
    case 0:
      break;
    case 1:
      mkfifo(file.c_str(), 0600);
      break;
    case 2:
      fs::create_directory(file, ignored);
      break;
    case 3:
      fs::create_hard_link(outside_ / "free", file, ignored);
      break;
    case 4:
      fs::create_symlink(outside_ / "zeros", file, ignored);
      break;
    default:
      fs::create_symlink(Any(std::vector<fs::path>{outside_ / "free", outside_, file, "/dev/zero",
                                                   outside_ / "source.db"}),
                         file, ignored);
  }
}

void MutatedPlace::AddFile(const fs::path& folder) {
  const fs::path file = folder / ("added" + std::to_string(Below(1000)));
  std::string bytes(Below(3) == 0 ? 4096 : Below(200'000), '\0');
  if (Below(2) == 0) bytes += "not a slot";
  WriteAll(file, bytes);
}

void MutatedPlace::AddLock(const fs::path& folder) {
  const fs::path file =
      folder / Any(std::vector<std::string>{".parentlock", "lock", "SingletonLock", "LOCK",
                                            "metadata.sqlite-journal", "metadata.sqlite-wal"});
  std::error_code ignored;
  fs::remove(file, ignored);
  if (Below(2) == 0) {
    mkfifo(file.c_str(), 0600);
  } else {
    // Of a process that there can't be.
    fs::create_symlink(Any(std::vector<std::string>{"host-1", "127.0.0.1:+999999999", "x"}), file,
                       ignored);
  }
}

std::map<std::string, std::string> ContentOf(const fs::path& folder) {
  std::map<std::string, std::string> content;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::file_status status = entry.symlink_status();
    std::string& what = content[entry.path().string()];
    if (fs::is_symlink(status)) {
      what = "link " + fs::read_symlink(entry.path()).string();
    } else if (fs::is_regular_file(status)) {
      // A file that is mostly a hole is told by its size and its start.
      constexpr std::uintmax_t kWhole = 64 << 20;
      what = entry.file_size() > kWhole ? "hole " + std::to_string(entry.file_size())
                                        : "file " + ReadAll(entry.path());
    } else {
      what = "kind " + std::to_string(static_cast<int>(status.type()));
    }
  }
  return content;
}

}  // namespace sahpool::cli
