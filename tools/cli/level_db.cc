#include "cli/level_db.h"

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/helpers/memenv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/descriptor.h"
#include "cli/failure.h"
#include "cli/slot_file.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

// A thousand times what the list of an origin's files takes.
constexpr std::int64_t kMaxBytes = 256 << 20;
constexpr rlim_t kMaxSeconds = 4;
constexpr const char* kCopy = "/copy";

using Files = std::vector<std::pair<std::string, std::string>>;

Files ReadFiles(const fs::path& folder) {
  Files files;
  std::int64_t room = kMaxBytes;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "LOCK" || name.starts_with("LOG") || !IsRegularFile(entry->path())) continue;
    FileSource source(entry->path(), 0);
    room -= source.size();
    if (room < 0) throw Failure(ExitCode::kFailed, "it is far too large");
    std::string bytes(static_cast<std::size_t>(source.size()), '\0');
    Require(source.Read(std::as_writable_bytes(std::span(bytes)), 0), name);
    files.emplace_back(name, std::move(bytes));
  }
  if (error) throw Failure(ExitCode::kFailed, error.message());
  return files;
}

void WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) _exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void WriteText(int descriptor, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  std::array<char, sizeof(size)> head;
  std::memcpy(head.data(), &size, sizeof(size));
  WriteAll(descriptor, {head.data(), head.size()});
  WriteAll(descriptor, text);
}

// Writes the pairs to `descriptor`; what is wrong with the database.
leveldb::Status WritePairs(const Files& files, bool paranoid, int descriptor) {
  const std::unique_ptr<leveldb::Env> memory(leveldb::NewMemEnv(leveldb::Env::Default()));
  memory->CreateDir(kCopy);
  for (const auto& [name, bytes] : files) {
    const std::string path = std::string(kCopy) + "/" + name;
    if (auto status = leveldb::WriteStringToFile(memory.get(), bytes, path); !status.ok()) {
      return status;
    }
  }
  leveldb::Options options;
  options.env = memory.get();
  options.paranoid_checks = paranoid;
  leveldb::DB* opened = nullptr;
  if (auto status = leveldb::DB::Open(options, kCopy, &opened); !status.ok()) return status;
  const std::unique_ptr<leveldb::DB> database(opened);
  leveldb::ReadOptions reading;
  reading.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> at(database->NewIterator(reading));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    WriteText(descriptor, at->key().ToString());
    WriteText(descriptor, at->value().ToString());
  }
  return at->status();
}

// The other process. Pairs, then an empty key with the problem as its value.
[[noreturn]] void Serve(const Files& files, int descriptor) {
  constexpr rlimit kNoCore{.rlim_cur = 0, .rlim_max = 0};
  constexpr rlimit kTime{.rlim_cur = kMaxSeconds, .rlim_max = kMaxSeconds};
  setrlimit(RLIMIT_CORE, &kNoCore);
  setrlimit(RLIMIT_CPU, &kTime);
  // What a crash would say is not for the user.
  close(STDERR_FILENO);
  const leveldb::Status strict = WritePairs(files, /*paranoid=*/true, descriptor);
  // What is left of it, if that is all that can be had.
  if (!strict.ok()) WritePairs(files, /*paranoid=*/false, descriptor);
  WriteText(descriptor, "");
  WriteText(descriptor, strict.ok() ? "" : strict.ToString());
  _exit(0);
}

class PipeReader {
 public:
  explicit PipeReader(int descriptor) : descriptor_(descriptor) {}

  // False at the end of the pipe.
  bool ReadText(std::string& text) {
    std::uint32_t size = 0;
    if (!Read(reinterpret_cast<char*>(&size), sizeof(size)) || size > kMaxBytes) return false;
    text.resize(size);
    return Read(text.data(), size);
  }

 private:
  bool Read(char* into, std::size_t size) {
    while (size > 0) {
      const ssize_t count = read(descriptor_, into, size);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      into += count;
      size -= static_cast<std::size_t>(count);
    }
    return true;
  }

  int descriptor_;
};

void Receive(int descriptor, LevelDbContent& content) {
  PipeReader pipe(descriptor);
  std::string key;
  std::string value;
  std::int64_t room = kMaxBytes;
  while (pipe.ReadText(key) && pipe.ReadText(value)) {
    if (key.empty()) {
      content.problem = value;
      return;
    }
    room -= static_cast<std::int64_t>(key.size() + value.size());
    if (room < 0) break;
    content.pairs[key] = value;
  }
  content.problem = "LevelDB can't read it";
}

void ReadInOtherProcess(const Files& files, LevelDbContent& content) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw Failure(ExitCode::kFailed, std::strerror(errno));
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const pid_t process = fork();
  if (process < 0) throw Failure(ExitCode::kFailed, std::strerror(errno));
  if (process == 0) Serve(files, writing.number());
  writing = Descriptor();
  Receive(reading.number(), content);
  reading = Descriptor();
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

LevelDbContent ReadLevelDb(const fs::path& folder) {
  LevelDbContent content;
  try {
    ReadInOtherProcess(ReadFiles(folder), content);
  } catch (const Failure& failure) {
    content.problem = failure.what();
  }
  return content;
}

}  // namespace sahpool::cli
