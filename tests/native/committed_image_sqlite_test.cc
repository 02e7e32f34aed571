// CommittedImage against SQLite itself: random work on real databases, looked at before any of
// SQLite's writes as if the process died there, half of the write done or not.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "database_files.h"
#include "database_workload.h"
#include "image_checks.h"
#include "memory_source.h"
#include "observed_vfs.h"

namespace sahpool {
namespace {

using testing::Bytes;
using testing::Coverage;
using testing::DatabaseFiles;
using testing::ObservedVfs;
using testing::OpenedImage;
using testing::Random;
using testing::Recovered;
using testing::TemporaryDirectory;
using testing::Workload;

constexpr std::uint64_t kSeeds = 40;
constexpr int kDamagedRounds = 400;

TEST(CommittedImageAgainstSqlite, IsWhatRecoveryLeaves) {
  Coverage coverage;
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workload(seed, coverage, nullptr).Run(40);
  }
  // Rounds that miss a case say nothing about it.
  EXPECT_GE(coverage.images, 500);
  EXPECT_GE(coverage.hot, 100);
  EXPECT_GE(coverage.several_headers, 30);
  EXPECT_GE(coverage.under_super_journal, 5);
  EXPECT_GE(coverage.void_by_super_journal, 3);
  EXPECT_GE(coverage.cold_journals, 30);
  EXPECT_GE(coverage.wal, 50);
  EXPECT_GE(coverage.wal_uncommitted_tail, 5);
  EXPECT_GE(coverage.wal_stale_tail, 10);
  EXPECT_GE(coverage.torn, 100);
  EXPECT_GE(coverage.shrunk, 30);
  EXPECT_GE(coverage.grown, 30);
  EXPECT_GE(coverage.page_size_differs, 1);
  EXPECT_GE(coverage.hot_inside_wal_database, 1);
  EXPECT_GE(coverage.committing, 20);
}

// A record count of "as many as fit" in any but the first header: SQLite reads it,
// but its debug build asserts that it never gets to see one.
bool TripsSqlitesAssertion(const Bytes& journal) {
  constexpr std::string_view header = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\xff\xff\xff\xff";
  const std::string_view text(reinterpret_cast<const char*>(journal.data()), journal.size());
  return text.find(header, 1) != std::string_view::npos;
}

// Damages one of the files: some bits, its end, or a field of a header.
void Damage(DatabaseFiles& files, Random& random) {
  std::vector<Bytes*> candidates = {&files.database};
  for (int i = 0; i < 4; ++i) {
    if (files.journal) candidates.push_back(&*files.journal);
    if (files.wal) candidates.push_back(&*files.wal);
  }
  Bytes& bytes = *candidates[random.Below(candidates.size())];
  if (bytes.empty()) return;
  switch (random.Below(6)) {
    case 0:
      bytes.resize(random.Below(bytes.size()));
      break;
    case 1:
      bytes.resize(bytes.size() + random.Below(5000), static_cast<std::byte>(random.Below(256)));
      break;
    case 2: {
      const Bytes again = bytes;
      bytes.resize((bytes.size() + 511) / 512 * 512);
      bytes.insert(bytes.end(), again.begin(), again.end());
      break;
    }
    case 3:
      // Header fields decide more than pages.
      bytes[random.Below(std::min<std::size_t>(bytes.size(), 40))] =
          random.Among({std::byte{0}, std::byte{1}, std::byte{4}, std::byte{16}, std::byte{0xff}});
      break;
    default:
      for (std::size_t i = random.Below(3) + 1; i > 0; --i) {
        bytes[random.Below(bytes.size())] ^= static_cast<std::byte>(1U << random.Below(8));
      }
  }
}

TEST(CommittedImageAgainstSqlite, DamagedFilesGiveAnErrorOrWhatRecoveryLeaves) {
  Coverage coverage;
  std::vector<DatabaseFiles> corpus;
  for (std::uint64_t seed = 1000; seed < 1000 + kSeeds / 4; ++seed) {
    Workload(seed, coverage, &corpus).Run(40);
  }
  std::erase_if(corpus, [](const DatabaseFiles& files) { return !files.journal && !files.wal; });
  ASSERT_GE(corpus.size(), 20U);

  TemporaryDirectory directory;
  ObservedVfs vfs("quiet");
  Random random(4711);
  std::size_t images = 0;
  std::size_t compared = 0;
  std::size_t refused = 0;
  for (int round = 0; round < kDamagedRounds && !HasFailure(); ++round) {
    DatabaseFiles files = corpus[random.Below(corpus.size())];
    for (std::size_t i = random.Below(3) + 1; i > 0; --i) Damage(files, random);
    // The unix VFS, and no other, says that a file of one byte is empty.
    if (files.database.size() == 1) continue;
    SCOPED_TRACE("round " + std::to_string(round) + ": " + testing::KindOf(files));
    OpenedImage opened(files);
    if (files.journal && TripsSqlitesAssertion(*files.journal)) continue;
    const Recovered recovered = RecoverWithSqlite(files, directory.PathOf("damaged.db"), vfs);
    if (!opened.ok()) {
      // A database that begins as none does may be encrypted, and what is beside it too.
      EXPECT_TRUE(opened.status().code() == Code::kCorrupt ||
                  opened.status().code() == Code::kNotADatabase)
          << opened.status().text();
      // Where a page count is damaged, SQLite adds zeros that nobody has written.
      EXPECT_TRUE(recovered.rc != SQLITE_OK ||
                  recovered.size > static_cast<std::int64_t>(files.database.size()) + 65536)
          << opened.status().text();
      ++refused;
      continue;
    }
    ++images;
    const Bytes image = opened.ReadAll();
    testing::ExpectSameInRanges(opened, image, random);
    // A rollback comes before SQLite looks at the database; a WAL it takes only
    // into a database that it accepts.
    if (recovered.rc != SQLITE_OK && files.wal) continue;
    ++compared;
    EXPECT_TRUE(image == recovered.database)
        << image.size() << " bytes, SQLite leaves " << recovered.database.size();
  }
  EXPECT_GE(images, static_cast<std::size_t>(kDamagedRounds) / 2);
  EXPECT_GE(compared, static_cast<std::size_t>(kDamagedRounds) / 2);
  EXPECT_GE(refused, 1U);
}

}  // namespace
}  // namespace sahpool
