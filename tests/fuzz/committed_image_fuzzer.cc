// The committed state of a database with arbitrary journals, against SQLite itself: it is byte for
// byte what SQLite's recovery leaves, or an error where SQLite refuses or makes up bytes.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "database_files.h"
#include "format/byte_order.h"
#include "fuzz_input.h"
#include "image_checks.h"
#include "journal_writer.h"
#include "pool_on_disk.h"
#include "wal_writer.h"

namespace sahpool::fuzz {
namespace {

using testing::DatabaseFiles;
using testing::JournalWriter;
using testing::ObservedVfs;
using testing::OpenedImage;
using testing::Recovered;
using testing::WalWriter;

// In bytes. SQLite makes a sparse file of whatever size a damaged page count asks for.
constexpr std::int64_t kMaxCompared = 1 << 24;

struct Workbench {
  Workbench() { vfs.device_characteristics = 0; }

  testing::TemporaryDirectory directory;
  ObservedVfs vfs{"quiet"};
  const std::string database = directory.PathOf("a.db");
  const std::string super_journal = directory.PathOf("a.db-mj012345678");
};

Bytes FileIn(const testing::SlotBytes& slots, std::string_view name) {
  const Bytes& slot = testing::SlotNamed(slots, name);
  return {slot.begin() + kSlotDataOffset, slot.end()};
}

// Databases that a connection died on.
DatabaseFiles TakeReal(FuzzedDataProvider& input) {
  static const std::vector<DatabaseFiles> files = [] {
    std::vector<DatabaseFiles> made;
    const auto hot = testing::MakeHotPool("hot");
    made.push_back(
        {.database = FileIn(hot, "/app.db"), .journal = FileIn(hot, "/app.db-journal"), .wal = {}});
    for (const int page_size : {512, 1024, 4096}) {
      const auto wal = testing::MakeWalPool("wal", page_size);
      made.push_back(
          {.database = FileIn(wal, "/app.db"), .journal = {}, .wal = FileIn(wal, "/app.db-wal")});
    }
    return made;
  }();
  return files[input.ConsumeIntegralInRange<std::size_t>(0, files.size() - 1)];
}

std::uint32_t TakePageSize(FuzzedDataProvider& input) {
  return input.PickValueInArray<std::uint32_t>({512, 1024, 4096, 65536});
}

std::uint32_t TakePageNumber(FuzzedDataProvider& input) {
  return input.ConsumeIntegralInRange<std::uint32_t>(0, 12);
}

std::uint32_t TakePageCount(FuzzedDataProvider& input) {
  return input.ConsumeBool() ? TakePageNumber(input) : input.ConsumeIntegral<std::uint16_t>();
}

Bytes TakeJournal(FuzzedDataProvider& input, const Workbench& bench) {
  JournalWriter journal(TakePageSize(input),
                        input.PickValueInArray<std::uint32_t>({32, 512, 4096}));
  for (int headers = input.ConsumeIntegralInRange(1, 3); headers > 0; --headers) {
    const int records = input.ConsumeIntegralInRange(0, 4);
    const auto count = input.ConsumeIntegralInRange<std::uint32_t>(0, 5);
    journal.Header(count == 5 ? 0xffffffff : count, TakePageCount(input),
                   input.ConsumeIntegral<std::uint8_t>());
    for (int i = 0; i < records; ++i) journal.Record(TakePageNumber(input), 5);
  }
  if (input.ConsumeBool()) journal.SuperJournal(bench.super_journal);
  return journal.bytes();
}

Bytes TakeWal(FuzzedDataProvider& input) {
  WalWriter wal(input.ConsumeBool(), TakePageSize(input),
                input.PickValueInArray<std::uint32_t>({3007000, 3007000, 3007000, 3007001}));
  for (int frames = input.ConsumeIntegralInRange(0, 8); frames > 0; --frames) {
    wal.Frame(TakePageNumber(input), input.ConsumeBool() ? TakePageCount(input) : 0, 6);
  }
  return wal.bytes();
}

DatabaseFiles TakeFiles(FuzzedDataProvider& input, const Workbench& bench) {
  DatabaseFiles files = TakeReal(input);
  switch (input.ConsumeIntegralInRange(0, 7)) {
    case 0:
      files.database = TakeBytes(input, 600);
      break;
    case 1:
      files.journal = TakeJournal(input, bench);
      break;
    case 2:
      files.wal = TakeWal(input);
      break;
    case 3:
      files.journal = TakeJournal(input, bench);
      files.wal = TakeWal(input);
      break;
    case 4:
      files.journal = TakeBytes(input, 1200);
      break;
    case 5:
      files.wal = TakeBytes(input, 1200);
      break;
    default:
      break;
  }
  TakeDamage(input, files.database);
  if (files.journal) TakeDamage(input, *files.journal);
  if (files.wal) {
    TakeDamage(input, *files.wal);
    // With the right sums for what they now say, the frames are believed.
    if (files.wal->size() > 56 && input.ConsumeBool()) {
      const auto page_size = LoadBigEndian32(&(*files.wal)[8]);
      if (page_size >= 512 && page_size <= 65536) {
        files.wal = testing::AsBigEndianWal(std::move(*files.wal));
      }
    }
  }
  return files;
}

// SQLite deletes the super-journal that a journal names, whatever file that is.
bool NamesForeignSuperJournal(const DatabaseFiles& files, const Workbench& bench) {
  if (!files.journal) return false;
  testing::MemorySource journal(*files.journal);
  const auto name = SuperJournalName::Read(journal);
  return !name.value().empty() && name.value().view() != bench.super_journal;
}

// SQLite overlooks a journal that is smaller than a sector of its own VFS: here it is that of the
// one who wrote the journal, as far as it is a common one.
int SectorSizeFor(const DatabaseFiles& files) {
  if (!files.journal || files.journal->size() < 24) return 512;
  return static_cast<int>(std::min(LoadBigEndian32(&(*files.journal)[20]), 512U));
}

void CheckRefusal(const Status& status, const DatabaseFiles& files, const Recovered& recovered) {
  // An image that begins as none does may be encrypted, and what made it too.
  EXPECT_TRUE(status.code() == Code::kCorrupt || status.code() == Code::kNotADatabase);
  EXPECT_FALSE(status.text().empty());
  EXPECT_TRUE(recovered.rc != SQLITE_OK || recovered.size > std::ssize(files.database) + 65536)
      << status.text();
}

void CheckImage(FuzzedDataProvider& input, Workbench& bench) {
  const DatabaseFiles files = TakeFiles(input, bench);
  // The unix VFS, and no other, says that a file of one byte is empty.
  if (files.database.size() == 1 || NamesForeignSuperJournal(files, bench)) return;
  SCOPED_TRACE(testing::KindOf(files));
  if (input.ConsumeBool()) testing::WriteFile(bench.super_journal, Bytes(1, std::byte{'x'}));

  OpenedImage opened(files);
  const bool is_comparable = opened.ok() && opened.image().size() < kMaxCompared;
  Bytes image;
  if (is_comparable) {
    image = opened.ReadAll();
    testing::Random random(input.ConsumeIntegral<std::uint32_t>());
    testing::ExpectSameInRanges(opened, image, random);
    testing::ExpectSettles(files, image, random);
  }
  bench.vfs.sector_size = SectorSizeFor(files);
  const Recovered recovered = testing::RecoverWithSqlite(files, bench.database, bench.vfs);
  std::remove(bench.super_journal.c_str());
  if (!opened.ok()) return CheckRefusal(opened.status(), files, recovered);
  // Where a page count is damaged, SQLite adds zeros that nobody has written.
  if (!is_comparable || recovered.size >= kMaxCompared) return;
  // A rollback comes before SQLite looks at the database; a WAL it takes only into a database that
  // it accepts.
  if (recovered.rc != SQLITE_OK && files.wal) return;
  EXPECT_TRUE(image == recovered.database)
      << image.size() << " bytes, SQLite leaves " << recovered.size;
}

}  // namespace
}  // namespace sahpool::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sahpool::fuzz::Workbench bench;
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::CheckImage(input, bench);
  return 0;
}
