// Imports of arbitrary bytes in arbitrary chunks, over a database that may be there already, with
// its journals: how the bytes are cut does not matter, and the old database stays as it was unless
// the import has succeeded, whatever the disk does and wherever the worker dies.

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "pool_on_disk.h"
#include "transfer/import.h"

namespace sahpool::fuzz {
namespace {

using testing::FaultDisk;
using testing::PoolOnDisk;
using testing::SlotBytes;

constexpr const char* kName = "app.db";

// What lies in the pool beforehand.
const SlotBytes& TakeStart(FuzzedDataProvider& input) {
  static const Bytes free(kSlotDataOffset);
  static const SlotBytes hot = testing::MakeHotPool("old");
  static const std::vector<SlotBytes> starts = {
      {{"a", free}, {"b", free}},
      {{"a", testing::SlotOf("/app.db", testing::kDatabaseFlags, testing::MakeDatabase("old"))},
       {"b", free}},
      {{"a", free},
       {"b", testing::SlotOf("/app.db", testing::kDatabaseFlags, testing::MakeDatabase("old"))},
       {"c", free}},
      hot,
      testing::MakeWalPool("old"),
      {{"a", testing::SlotNamed(hot, "/app.db-journal")}, {"b", free}, {"c", free}},
      {{"a", testing::SlotOf("/app.db", testing::kDatabaseFlags, Bytes())}, {"b", free}},
      {{"a", testing::SlotOf("/other", testing::kDatabaseFlags, Bytes())}}};
  return starts[input.ConsumeIntegralInRange<std::size_t>(0, starts.size() - 1)];
}

Bytes TakeImported(FuzzedDataProvider& input) {
  static const std::vector<Bytes> databases = {testing::MakeDatabase("new", 1),
                                               testing::MakeDatabase("new", 20), Bytes()};
  Bytes bytes = databases[input.ConsumeIntegralInRange<std::size_t>(0, databases.size() - 1)];
  if (bytes.empty()) bytes = TakeBytes(input, 2048);
  TakeDamage(input, bytes);
  return bytes;
}

// The sizes of the chunks but the last; zeros among them.
std::vector<std::size_t> TakeChunkSizes(FuzzedDataProvider& input) {
  std::vector<std::size_t> sizes(input.ConsumeIntegralInRange<std::size_t>(0, 10));
  for (std::size_t& size : sizes) size = input.ConsumeIntegralInRange<std::size_t>(0, 9000);
  return sizes;
}

Status ImportInChunks(PoolOnDisk& pool, std::span<const std::byte> bytes,
                      const std::vector<std::size_t>& sizes) {
  const auto import = Import::Begin(pool.pool(), testing::Resolved(kName));
  if (!import.ok()) return import.status();
  for (const std::size_t size : sizes) {
    const auto chunk = bytes.first(std::min(size, bytes.size()));
    if (Status s = import.value()->Write(chunk); !s.ok()) {
      EXPECT_EQ(import.value()->Write(chunk).code(), Code::kMisuse);
      EXPECT_EQ(import.value()->Finish().code(), Code::kMisuse);
      return s;
    }
    bytes = bytes.subspan(chunk.size());
  }
  if (Status s = import.value()->Write(bytes); !s.ok()) return s;
  return import.value()->Finish();
}

// The committed bytes under the name; none when there is no file, or an empty one.
Bytes Content(PoolOnDisk& pool) {
  const auto exported = pool.Export(kName);
  EXPECT_TRUE(exported.ok() || exported.status().code() == Code::kNotFound)
      << exported.status().text();
  return exported.ok() ? exported.value() : Bytes();
}

// A database is imported as one in rollback-journal mode.
Bytes AsImported(Bytes bytes) {
  if (bytes.size() > 19) bytes[18] = bytes[19] = std::byte{1};
  return bytes;
}

struct Contents {
  const Bytes& before;
  const Bytes& imported;

  void ExpectEither(PoolOnDisk& pool) const {
    const Bytes now = Content(pool);
    EXPECT_TRUE(now == before || now == imported);
  }
};

// A worker that starts over what was left. A header that could not be written whole may be damaged.
void CheckRestart(const SlotBytes& left, const Contents& contents, bool may_be_torn) {
  FaultDisk disk(left);
  PoolOnDisk pool(disk);
  const Status started = pool.Start();
  ASSERT_TRUE(started.ok()) << started.text();
  testing::ExpectAllSlotsAccountedFor(pool, static_cast<int>(left.size()));
  if (pool.pool().files().At(SlotState::kQuarantined, 0) != nullptr) {
    EXPECT_TRUE(may_be_torn);
    return;
  }
  contents.ExpectEither(pool);
}

void CheckFault(FuzzedDataProvider& input, const SlotBytes& start, const Bytes& bytes,
                const std::vector<std::size_t>& sizes, const Contents& contents) {
  FaultDisk disk(start);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  disk.Arm(TakeFault(input));
  const Status status = ImportInChunks(pool, bytes, sizes);
  const bool has_hit = disk.has_hit();
  disk.Disarm();
  EXPECT_TRUE(Content(pool) == (status.ok() ? contents.imported : contents.before));
  testing::ExpectAllSlotsAccountedFor(pool, static_cast<int>(start.size()));

  const std::size_t choice = input.ConsumeIntegral<std::uint8_t>();
  CheckRestart(disk.CrashState(choice % disk.crash_state_count()), contents, has_hit);
}

void CheckImport(FuzzedDataProvider& input) {
  const SlotBytes& start = TakeStart(input);
  const Bytes bytes = TakeImported(input);
  const std::vector<std::size_t> sizes = TakeChunkSizes(input);

  FaultDisk whole(start);
  PoolOnDisk pool(whole);
  ASSERT_TRUE(pool.Start().ok());
  const Bytes before = Content(pool);
  const Bytes imported = AsImported(bytes);
  const Contents contents = {.before = before, .imported = imported};
  const Status status = ImportInChunks(pool, bytes, {});
  EXPECT_TRUE(Content(pool) == (status.ok() ? imported : before));
  testing::ExpectAllSlotsAccountedFor(pool, static_cast<int>(start.size()));

  FaultDisk chunked(start);
  PoolOnDisk other_pool(chunked);
  ASSERT_TRUE(other_pool.Start().ok());
  SlotBytes left;
  {
    const CrashAt crash(chunked, input);
    const Status other_status = ImportInChunks(other_pool, bytes, sizes);
    EXPECT_EQ(other_status.code(), status.code());
    EXPECT_EQ(other_status.text(), status.text());
    left = crash.left();
  }
  EXPECT_TRUE(chunked.Everything() == whole.Everything());
  if (!left.empty()) CheckRestart(left, contents, false);

  CheckFault(input, start, bytes, sizes, contents);
}

}  // namespace
}  // namespace sahpool::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::CheckImport(input);
  return 0;
}
