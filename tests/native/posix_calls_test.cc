// What a native pool asks of the system, and in which order; and what it does when that fails.
#include "native/posix_calls.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "database_files.h"
#include "native/directory_pool.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

// Writes down what makes, removes and flushes files and folders, and fails on demand.
class WatchedCalls final : public PosixCalls {
 public:
  int Open(int folder, const char* name, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0 && Fails("create")) return -1;
    if (IsInterrupted()) return -1;
    const int descriptor = PosixCalls::Open(folder, name, flags, mode);
    if (descriptor >= 0) names_[descriptor] = fs::path(name).filename();
    if ((flags & O_CREAT) != 0) log.push_back("create slot");
    return descriptor;
  }
  ssize_t Read(int descriptor, void* into, std::size_t count, off_t offset) override {
    if (IsInterrupted()) return -1;
    return PosixCalls::Read(descriptor, into, cuts_short ? (count + 1) / 2 : count, offset);
  }
  ssize_t Write(int descriptor, const void* from, std::size_t count, off_t offset) override {
    if (IsInterrupted()) return -1;
    return PosixCalls::Write(descriptor, from, cuts_short ? (count + 1) / 2 : count, offset);
  }
  int Truncate(int descriptor, off_t size) override {
    if (Fails("truncate") || IsInterrupted()) return -1;
    return PosixCalls::Truncate(descriptor, size);
  }
  int Flush(int descriptor) override {
    if (IsInterrupted()) return -1;
    struct stat info{};
    const bool is_folder = fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode);
    if (Fails(is_folder ? "flush folder" : "flush slot")) return -1;
    if (is_folder) log.push_back("flush " + names_[descriptor]);
    return PosixCalls::Flush(descriptor);
  }
  int Lock(int descriptor, int operation) override {
    return IsInterrupted() ? -1 : PosixCalls::Lock(descriptor, operation);
  }
  int Remove(int folder, const char* name, int flags) override {
    const int result = PosixCalls::Remove(folder, name, flags);
    if (result == 0) {
      log.push_back("remove " + (flags == 0 ? "slot" : fs::path(name).filename().string()));
    }
    return result;
  }
  int MakeFolder(const char* path, mode_t mode) override {
    const int result = PosixCalls::MakeFolder(path, mode);
    if (result == 0) log.push_back("make " + fs::path(path).filename().string());
    return result;
  }

  // The log since the last call, adjacent equal lines as one.
  std::vector<std::string> Take() {
    log.erase(std::unique(log.begin(), log.end()), log.end());
    return std::exchange(log, {});
  }
  void FailFrom(const std::string& call, int nth, int error) {
    failing = call;
    left = nth;
    failing_error = error;
  }

  std::vector<std::string> log;
  bool cuts_short = false;
  bool interrupts = false;

 private:
  bool Fails(const std::string& call) {
    if (call != failing || --left > 0) return false;
    errno = failing_error;
    return true;
  }
  // Every second call.
  bool IsInterrupted() {
    if (!interrupts) return false;
    was_interrupted_ = !was_interrupted_;
    if (!was_interrupted_) return false;
    errno = EINTR;
    return true;
  }

  std::string failing;
  int left = 0;
  int failing_error = 0;
  bool was_interrupted_ = false;
  std::map<int, std::string> names_;
};

struct PosixCallsTest : ::testing::Test {
  Result<std::unique_ptr<DirectoryPool>> Open(int initial_capacity = 3) {
    return DirectoryPool::Open(
        path, {.vfs_name = UniqueVfsName(), .initial_capacity = initial_capacity, .calls = calls});
  }
  std::size_t SlotsOnDisk() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(slots), fs::directory_iterator()));
  }

  const TemporaryDirectory directory;
  const fs::path path = directory.PathOf("outer/pool");
  const fs::path slots = path / ".opaque";
  WatchedCalls calls;
};

using Log = std::vector<std::string>;

TEST_F(PosixCallsTest, WhatIsMadeAndRemovedIsDurableInItsFolder) {
  const std::string top = fs::path(directory.PathOf("")).parent_path().filename();
  {
    const auto pool = Open();
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    const Log opened = calls.Take();
    const auto at = [&](const std::string& line, std::size_t from = 0) {
      return std::find(opened.begin() + static_cast<std::ptrdiff_t>(from), opened.end(), line) -
             opened.begin();
    };
    EXPECT_LT(at("make outer"), at("flush " + top));
    EXPECT_LT(at("make pool"), at("flush outer"));
    EXPECT_LT(at("make .opaque"), at("flush pool"));
    EXPECT_EQ(opened.back(), "flush .opaque");
    EXPECT_EQ(opened[opened.size() - 2], "create slot");

    ASSERT_TRUE(pool.value()->AddCapacity(2).ok());
    EXPECT_EQ(calls.Take(), (Log{"create slot", "flush .opaque"}));
    ASSERT_TRUE(pool.value()->AddSlotFromInside().ok());
    EXPECT_EQ(calls.Take(), (Log{"create slot", "flush .opaque"}));
    ASSERT_EQ(pool.value()->ReduceCapacity(2).value(), 2);
    EXPECT_EQ(calls.Take(), (Log{"remove slot", "flush .opaque"}));
  }
  // What a killed process may have left unflushed.
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(calls.Take(), (Log{"flush .opaque"}));
  ASSERT_TRUE(pool.value()->vfs().Unregister().ok());
  ASSERT_TRUE(pool.value()->Remove().ok());
  EXPECT_EQ(calls.Take(), (Log{"remove slot", "flush .opaque", "remove .opaque", "flush pool",
                               "remove pool", "flush outer"}));
}

TEST_F(PosixCallsTest, AStartThatFailsLeavesNothing) {
  for (const auto& [call, nth] : std::map<std::string, int>{
           {"create", 3}, {"truncate", 2}, {"flush slot", 3}, {"flush folder", 6}}) {
    calls.FailFrom(call, nth, ENOSPC);
    const auto pool = Open();
    EXPECT_EQ(pool.status().code(), Code::kFull) << call;
    EXPECT_FALSE(fs::exists(directory.PathOf("outer"))) << call;
  }
}

TEST_F(PosixCallsTest, SlotsAreAddedAllOrNone) {
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  for (const auto& [call, nth] : std::map<std::string, int>{
           {"create", 3}, {"truncate", 2}, {"flush slot", 3}, {"flush folder", 1}}) {
    calls.FailFrom(call, nth, ENOSPC);
    EXPECT_EQ(pool.value()->AddCapacity(4).code(), Code::kFull) << call;
    EXPECT_EQ(SlotsOnDisk(), 3U) << call;
    EXPECT_EQ(FreeCount(*pool.value()), 3) << call;
  }
  calls.FailFrom("", 0, 0);
  EXPECT_TRUE(pool.value()->AddCapacity(4).ok());
  EXPECT_EQ(SlotsOnDisk(), 7U);
}

TEST_F(PosixCallsTest, CallsThatAreCutShortOrInterruptedGoOn) {
  calls.interrupts = true;
  calls.cuts_short = true;
  {
    const auto pool = Open();
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    Connection connection("app.db", *pool.value());
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(100000))"),
              SQLITE_OK);
  }
  const auto pool = Open();
  ASSERT_TRUE(pool.ok()) << pool.status().text();
  Connection connection("app.db", *pool.value());
  EXPECT_EQ(connection.Query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(connection.Query("SELECT length(x) FROM t"), "100000");
}

// Restores the limit.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const struct rlimit changed = {limit, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &changed);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  struct rlimit before_{};
};

TEST_F(PosixCallsTest, MoreSlotsThanDescriptorsAreRefusedWhole) {
  const DescriptorLimit limit(128);
  for (const int capacity : {100'000, 120}) {
    EXPECT_EQ(Open(capacity).status().code(), Code::kFull);
    EXPECT_FALSE(fs::exists(directory.PathOf("outer")));
  }
  const auto pool = Open(60);
  ASSERT_TRUE(pool.ok()) << pool.status().text();
  for (const int more : {100'000, 60}) {
    const Status added = pool.value()->AddCapacity(more);
    EXPECT_EQ(added.code(), Code::kFull);
    EXPECT_NE(added.text().find("descriptor"), std::string_view::npos);
    EXPECT_EQ(SlotsOnDisk(), 60U);
  }
  Connection connection("app.db", *pool.value());
  EXPECT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  const DescriptorLimit lower(8);
  const auto other = DirectoryPool::Open(directory.PathOf("other"),
                                         {.vfs_name = UniqueVfsName(), .initial_capacity = 1});
  EXPECT_FALSE(other.ok());
}

// Runs `check` in a forked process; whether it gave true.
bool InChild(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(PosixCallsTest, NoSlotGetsADescriptorOfTheStandardStreams) {
  EXPECT_TRUE(InChild([&] {
    for (int i = 0; i < 3; ++i) close(i);
    const auto pool = Open();
    bool are_free = pool.ok();
    for (int i = 0; i < 3; ++i) are_free = are_free && fcntl(i, F_GETFD) == -1;
    return are_free;
  }));
}

TEST_F(PosixCallsTest, AStartedProgramInheritsNothing) {
  std::vector<bool> were_open(256);
  for (int i = 0; i < 256; ++i) were_open[static_cast<std::size_t>(i)] = fcntl(i, F_GETFD) != -1;
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  int opened = 0;
  for (int i = 0; i < 256; ++i) {
    const int flags = were_open[static_cast<std::size_t>(i)] ? -1 : fcntl(i, F_GETFD);
    if (flags == -1) continue;
    ++opened;
    EXPECT_NE(flags & FD_CLOEXEC, 0);
  }
  EXPECT_GE(opened, 3);
}

TEST_F(PosixCallsTest, AForkedProcessCanNeitherUseThePoolNorKeepIt) {
  auto pool = Open();
  ASSERT_TRUE(pool.ok());
  auto connection = std::make_unique<Connection>("app.db", *pool.value());
  ASSERT_EQ(connection->Execute("CREATE TABLE t(x)"), SQLITE_OK);
  EXPECT_TRUE(InChild([&] {
    return connection->Execute("INSERT INTO t VALUES(1)") != SQLITE_OK &&
           pool.value()->AddCapacity(1).code() == Code::kMisuse &&
           pool.value()->ReduceCapacity(1).status().code() == Code::kMisuse &&
           pool.value()->Remove().code() == Code::kMisuse;
  }));
  EXPECT_EQ(SlotsOnDisk(), 3U);
  EXPECT_EQ(connection->Query("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(connection->Execute("INSERT INTO t VALUES(1)"), SQLITE_OK);
  connection.reset();

  // One that lives on when the pool is closed.
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[1]);
    char byte = 0;
    static_cast<void>(read(pipe_ends[0], &byte, 1));
    _exit(0);
  }
  close(pipe_ends[0]);
  pool.value().reset();
  EXPECT_TRUE(Open().ok());
  close(pipe_ends[1]);
  waitpid(child, nullptr, 0);
}

TEST_F(PosixCallsTest, OfTwoThatMakeAPoolAtOnceOneHasIt) {
  for (int round = 0; round < 20; ++round) {
    const std::string shared = directory.PathOf("shared" + std::to_string(round));
    std::atomic<int> ready = 0;
    std::atomic<int> owners = 0;
    const auto open = [&](std::unique_ptr<DirectoryPool>& into) {
      const std::string name = UniqueVfsName();
      ++ready;
      while (ready < 2) std::this_thread::yield();
      auto pool = DirectoryPool::Open(shared, {.vfs_name = name});
      if (pool.ok()) {
        ++owners;
        into = std::move(pool.value());
      } else {
        EXPECT_EQ(pool.status().code(), Code::kBusy) << pool.status().text();
      }
    };
    std::unique_ptr<DirectoryPool> first;
    std::unique_ptr<DirectoryPool> second;
    std::thread other([&] { open(second); });
    open(first);
    other.join();
    EXPECT_EQ(owners, 1);
    EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(shared) / ".opaque"),
                            fs::directory_iterator()),
              6);
  }
}

TEST_F(PosixCallsTest, ATakenNameChangesNothing) {
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  const std::string other = directory.PathOf("other");
  const std::string name = pool.value()->vfs().name();
  EXPECT_EQ(DirectoryPool::Open(other, {.vfs_name = name}).status().code(), Code::kExists);
  EXPECT_FALSE(fs::exists(other));
}

TEST_F(PosixCallsTest, ADirectoryMayVanish) {
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  Connection connection("app.db", *pool.value());
  ASSERT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  fs::remove_all(path);
  EXPECT_EQ(connection.Execute("INSERT INTO t VALUES(1)"), SQLITE_OK);
  EXPECT_FALSE(pool.value()->AddCapacity(1).ok());
  EXPECT_TRUE(pool.value()->ReduceCapacity(1).ok());
  EXPECT_TRUE(pool.value()->Remove().ok());
}

TEST_F(PosixCallsTest, FilesMayBeLargerThanFourGibibytes) {
  constexpr std::int64_t kFar = std::int64_t{5} << 30;
  auto handle = PosixHandle::Open(directory.PathOf("large").c_str(), true);
  ASSERT_TRUE(handle.ok());
  ASSERT_EQ(handle.value()->Write(Bytes(3, std::byte{7}), kFar).value(), 3U);
  EXPECT_EQ(handle.value()->Size().value(), kFar + 3);
  Bytes read(3);
  ASSERT_EQ(handle.value()->Read(read, kFar).value(), 3U);
  EXPECT_EQ(read, Bytes(3, std::byte{7}));
  EXPECT_TRUE(handle.value()->Truncate(kFar + 1).ok());
  EXPECT_EQ(handle.value()->Size().value(), kFar + 1);
}

TEST_F(PosixCallsTest, AHandleIsOfARegularFileItself) {
  const std::string fifo = directory.PathOf("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(PosixHandle::Open(fifo.c_str(), false).status().code(), Code::kInvalid);
  const std::string file = directory.PathOf("file");
  WriteFile(file, Bytes(10));
  fs::create_symlink(file, directory.PathOf("link"));
  EXPECT_FALSE(PosixHandle::Open(directory.PathOf("link").c_str(), false).ok());
  EXPECT_TRUE(PosixHandle::Open(file.c_str(), false).ok());
}

}  // namespace
}  // namespace sahpool::testing
