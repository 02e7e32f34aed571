#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "cli/failure.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "native/posix_storage.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array kJournalSuffixes = {"-journal", "-wal"};

[[noreturn]] void Fail(const fs::path& path) {
  Require(ErrnoStatus("write", errno), path.string());
  throw Failure(ExitCode::kFailed, path.string());
}

mode_t FileMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return static_cast<mode_t>(0666) & ~mask;
}

}  // namespace

OutputFile::OutputFile(fs::path path, bool replaces) : path_(std::move(path)), replaces_(replaces) {
  if (is_standard_output()) {
    descriptor_ = STDOUT_FILENO;
    return;
  }
  std::error_code ignored;
  // A link stays one, and what it leads to is replaced.
  if (fs::is_symlink(path_, ignored)) path_ = fs::weakly_canonical(path_, ignored);
  CheckPlace();
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  // Not made of the name, which may be as long as a name can be.
  temporary_ = (folder / ".sahpool-XXXXXX").string();
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    temporary_.clear();
    Fail(path_);
  }
  fchmod(descriptor_, FileMode());
}

void OutputFile::CheckPlace() const {
  std::error_code ignored;
  if (fs::is_directory(path_, ignored)) {
    throw Failure(ExitCode::kUsage, path_.string() + " is a directory; give the name of a file");
  }
  if (fs::exists(path_, ignored) && !fs::is_regular_file(path_, ignored)) {
    throw Failure(ExitCode::kUsage, path_.string() +
                                        " is not a regular file; - is the standard"
                                        " output");
  }
  if (replaces_) return;
  if (fs::exists(fs::symlink_status(path_, ignored))) {
    throw Failure(ExitCode::kExists, path_.string() + " exists; --force replaces it");
  }
  for (const char* const suffix : kJournalSuffixes) {
    const fs::path journal = path_.string() + suffix;
    if (fs::exists(journal, ignored)) {
      throw Failure(ExitCode::kExists, journal.string() +
                                           " exists and would be taken for the new database's;"
                                           " --force removes it");
    }
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0 && !is_standard_output()) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      ThrowIfInterrupted();
      continue;
    }
    if (count < 0) Fail(path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void OutputFile::Finish() {
  if (is_standard_output()) return;
  if (fsync(descriptor_) != 0) Fail(path_);
  if (replaces_) {
    std::error_code ignored;
    for (const char* const suffix : kJournalSuffixes) fs::remove(path_.string() + suffix, ignored);
  }
  const unsigned flags = replaces_ ? 0U : RENAME_NOREPLACE;
  int renamed = renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags);
  if (renamed != 0 && errno == EEXIST) {
    throw Failure(ExitCode::kExists, path_.string() + " exists; --force replaces it");
  }
  // Not every file system can refuse; it was looked at before.
  if (renamed != 0 && errno == EINVAL) renamed = rename(temporary_.c_str(), path_.c_str());
  if (renamed != 0) Fail(path_);
  temporary_.clear();
  FlushFolder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

void CopyBytes(const std::string& what, std::int64_t size,
               const std::function<Status(std::span<std::byte>, std::int64_t)>& read,
               const std::function<void(std::span<const std::byte>)>& write) {
  constexpr std::int64_t kChunk = 1 << 20;
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(size, kChunk)));
  Progress progress(what, size);
  for (std::int64_t at = 0; at < size;) {
    ThrowIfInterrupted();
    const auto chunk =
        std::span(buffer).first(static_cast<std::size_t>(std::min(size - at, kChunk)));
    Require(read(chunk, at), what);
    write(chunk);
    at += static_cast<std::int64_t>(chunk.size());
    progress.Advance(static_cast<std::int64_t>(chunk.size()));
  }
}

void FlushFolder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace sahpool::cli
