// A database's files as they lie on a disk at one moment, and what SQLite's recovery makes of them.
#ifndef SAHPOOL_TESTS_NATIVE_DATABASE_FILES_H_
#define SAHPOOL_TESTS_NATIVE_DATABASE_FILES_H_

#include <optional>
#include <string>
#include <string_view>

#include "format/committed_image.h"
#include "memory_source.h"
#include "observed_vfs.h"
#include "sqlite3.h"

namespace sahpool::testing {

// The content of a file, or nothing if there is none.
std::optional<Bytes> ReadFile(const std::string& path);
void WriteFile(const std::string& path, const Bytes& bytes);
bool FileExists(const std::string& path);

// A directory that goes away with its content.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string PathOf(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

struct DatabaseFiles {
  static DatabaseFiles ReadFrom(const std::string& path);
  // Replaces whatever lies at `path`.
  void WriteTo(const std::string& path) const;

  Bytes database;
  std::optional<Bytes> journal;
  std::optional<Bytes> wal;
};

// SQLite's own idea of whether a super-journal is there.
class DiskLookup final : public SuperJournalLookup {
 public:
  Result<bool> Exists(std::string_view name) override;
};

// Keeps the sources of an image together with it.
class OpenedImage {
 public:
  explicit OpenedImage(const DatabaseFiles& files);
  OpenedImage(const OpenedImage&) = delete;
  OpenedImage& operator=(const OpenedImage&) = delete;

  bool ok() const { return result_.ok(); }
  const Status& status() const { return result_.status(); }
  CommittedImage& image() { return result_.value(); }
  Bytes& database() { return database_.bytes; }
  Bytes ReadAll();

 private:
  MemorySource database_;
  MemorySource journal_;
  MemorySource wal_;
  Result<CommittedImage> result_;
};

struct Recovered {
  int rc;             // of the whole recovery, a checkpoint included
  std::int64_t size;  // of the file that it leaves
  Bytes database;     // its content, unless it is far too large for a test
};

// Has SQLite recover a copy of `files` at `path` and take the WAL into the database.
Recovered RecoverWithSqlite(const DatabaseFiles& files, const std::string& path,
                            const ObservedVfs& vfs);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_DATABASE_FILES_H_
