#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/failure.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "format/file_name.h"
#include "native/posix_storage.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

// What file systems keep room for at a time.
constexpr std::size_t kBlock = 4096;

bool IsZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

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
  std::error_code error;
  // A link stays one, and what it leads to is replaced.
  if (fs::is_symlink(path_, error)) {
    const fs::path target = fs::weakly_canonical(path_, error);
    if (error) throw Failure(ExitCode::kFailed, path_.string() + ": " + error.message());
    path_ = target;
  }
  CheckPlace();
  Create();
}

fs::path OutputFile::folder() const {
  return path_.has_parent_path() ? path_.parent_path() : fs::path(".");
}

void OutputFile::Create() {
  descriptor_ = open(folder().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return;
  // Not made of the name, which may be as long as a name can be.
  temporary_ = (folder() / ".sahpool-XXXXXX").string();
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
  for (const std::string_view suffix : kCompanionSuffixes) {
    const fs::path journal = path_.string() + std::string(suffix);
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

void OutputFile::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  if (is_standard_output()) {
    FillStandardOutput(offset);
    return WriteToStandardOutput(bytes);
  }
  // Runs of blocks that are all zeros are left out, the others are written.
  while (!bytes.empty()) {
    const auto block_at = [&](std::size_t at) {
      return bytes.subspan(at, std::min(bytes.size() - at, kBlock));
    };
    const bool is_hole = IsZero(block_at(0));
    std::size_t count = block_at(0).size();
    while (count < bytes.size() && IsZero(block_at(count)) == is_hole) {
      count += block_at(count).size();
    }
    if (!is_hole) WriteAll(bytes.first(count), offset);
    bytes = bytes.subspan(count);
    offset += static_cast<std::int64_t>(count);
  }
}

// The standard output has no offsets: what is written there comes next.
void OutputFile::WriteAll(std::span<const std::byte> bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = is_standard_output()
                              ? write(descriptor_, bytes.data(), bytes.size())
                              : pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) {
      ThrowIfInterrupted();
      continue;
    }
    if (count < 0) Fail(path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += count;
  }
}

void OutputFile::WriteToStandardOutput(std::span<const std::byte> bytes) {
  WriteAll(bytes, position_);
  position_ += static_cast<std::int64_t>(bytes.size());
}

// With zeros.
void OutputFile::FillStandardOutput(std::int64_t end) {
  constexpr std::int64_t kMostZeros = std::int64_t{1} << 30;
  if (end - position_ > kMostZeros) {
    throw Failure(ExitCode::kFailed, Counted(end - position_, "byte") +
                                         " of zeros, for which the pool has no bytes, are too many"
                                         " for the standard output; give the name of a file");
  }
  const std::array<std::byte, kBlock> zeros{};
  while (position_ < end) {
    ThrowIfInterrupted();
    WriteToStandardOutput(std::span(zeros).first(
        static_cast<std::size_t>(std::min<std::int64_t>(end - position_, zeros.size()))));
  }
}

void OutputFile::Finish(std::int64_t size) {
  if (is_standard_output()) return FillStandardOutput(size);
  if (ftruncate(descriptor_, size) != 0 || fsync(descriptor_) != 0) Fail(path_);
  if (TakePlace() != 0) {
    if (errno != EEXIST) Fail(path_);
    throw Failure(ExitCode::kExists, path_.string() + " exists; --force replaces it");
  }
  temporary_.clear();
  FlushFolder(folder());
}

// As system calls do: 0, or -1 and errno.
int OutputFile::TakePlace() {
  if (temporary_.empty() && !replaces_) return LinkTo(path_.string());
  if (temporary_.empty()) LinkBeside();
  if (replaces_) RemoveJournals();
  const unsigned flags = replaces_ ? 0U : RENAME_NOREPLACE;
  const int renamed = renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags);
  // Not every file system can refuse; it was looked at before.
  if (renamed == 0 || errno != EINVAL) return renamed;
  return rename(temporary_.c_str(), path_.c_str());
}

// Those of the file that is replaced: beside the new one they would be applied to it. Last of all
// that can fail, since without them the old one may not be whole.
void OutputFile::RemoveJournals() const {
  for (const std::string_view suffix : kCompanionSuffixes) {
    std::error_code error;
    const fs::path journal = path_.string() + std::string(suffix);
    fs::remove(journal, error);
    if (!error) continue;
    throw Failure(ExitCode::kFailed, journal.string() + ": " + error.message() +
                                         "; it would be taken for the new database's");
  }
}

int OutputFile::LinkTo(const std::string& path) {
  const std::string own = "/proc/self/fd/" + std::to_string(descriptor_);
  return linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
}

// No link takes another's place.
void OutputFile::LinkBeside() {
  const std::string stem = (folder() / ".sahpool-").string() + std::to_string(getpid());
  std::string name = stem;
  for (int number = 2; LinkTo(name) != 0; ++number) {
    if (errno != EEXIST) Fail(path_);
    name = stem + "-" + std::to_string(number);
  }
  temporary_ = name;
}

void CopyBytes(const std::string& what, std::int64_t size,
               const std::function<Status(std::span<std::byte>, std::int64_t)>& read,
               const std::function<void(std::span<const std::byte>, std::int64_t)>& write,
               const FileSource* source) {
  constexpr std::int64_t kChunk = 1 << 20;
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(size, kChunk)));
  Progress progress(what, size);
  for (std::int64_t at = 0; at < size;) {
    ThrowIfInterrupted();
    if (source != nullptr) {
      const std::int64_t data = std::min(source->NextData(at), size);
      progress.Advance(data - at);
      at = data;
    }
    const auto chunk =
        std::span(buffer).first(static_cast<std::size_t>(std::min(size - at, kChunk)));
    Require(read(chunk, at), what);
    write(chunk, at);
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
