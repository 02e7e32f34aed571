#include "database_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace sahpool::testing {
namespace {

void Replace(const std::string& path, const std::optional<Bytes>& bytes) {
  std::remove(path.c_str());
  if (bytes) WriteFile(path, *bytes);
}

}  // namespace

std::optional<Bytes> ReadFile(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  struct stat info;
  Bytes bytes(fstat(fileno(file), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0);
  if (!bytes.empty() && std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) {
    std::abort();
  }
  std::fclose(file);
  return bytes;
}

void WriteFile(const std::string& path, const Bytes& bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) std::abort();
  const bool written =
      bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if (std::fclose(file) != 0 || !written) std::abort();
}

bool FileExists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

TemporaryDirectory::TemporaryDirectory() {
  const char* parent = std::getenv("TMPDIR");
  // In memory where possible: nothing here has to outlive the test.
  if (parent == nullptr) parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  path_ = std::string(parent) + "/sahpool-test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

DatabaseFiles DatabaseFiles::ReadFrom(const std::string& path) {
  return {.database = ReadFile(path).value_or(Bytes()),
          .journal = ReadFile(path + "-journal"),
          .wal = ReadFile(path + "-wal")};
}

void DatabaseFiles::WriteTo(const std::string& path) const {
  Replace(path, database);
  Replace(path + "-journal", journal);
  Replace(path + "-wal", wal);
  Replace(path + "-shm", std::nullopt);
}

// The unix VFS takes an empty file for a missing one.
Result<bool> DiskLookup::Exists(std::string_view name) {
  struct stat info;
  const bool found = stat(std::string(name).c_str(), &info) == 0;
  return found && (!S_ISREG(info.st_mode) || info.st_size > 0);
}

OpenedImage::OpenedImage(const DatabaseFiles& files)
    : database_(files.database),
      journal_(files.journal.value_or(Bytes())),
      wal_(files.wal.value_or(Bytes())),
      result_(Status()) {
  DiskLookup lookup;
  result_ = CommittedImage::Open(database_, files.journal ? &journal_ : nullptr,
                                 files.wal ? &wal_ : nullptr, lookup);
}

Bytes OpenedImage::ReadAll() {
  Bytes bytes(static_cast<std::size_t>(image().size()));
  if (!image().Read(bytes, 0).ok()) std::abort();
  return bytes;
}

Recovered RecoverWithSqlite(const DatabaseFiles& files, const std::string& path,
                            const ObservedVfs& vfs) {
  files.WriteTo(path);
  sqlite3* connection = nullptr;
  int rc = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, vfs.name());
  if (rc == SQLITE_OK) {
    rc = sqlite3_exec(connection, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  }
  if (rc == SQLITE_OK) {
    rc =
        sqlite3_wal_checkpoint_v2(connection, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }
  sqlite3_close(connection);
  struct stat info;
  if (stat(path.c_str(), &info) != 0) std::abort();
  Recovered recovered{.rc = rc, .size = info.st_size, .database = {}};
  if (info.st_size < (1 << 26)) recovered.database = ReadFile(path).value_or(Bytes());
  return recovered;
}

}  // namespace sahpool::testing
