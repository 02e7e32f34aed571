#include "image_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "format/byte_order.h"
#include "format/committed_image.h"
#include "format/rollback_journal.h"
#include "format/wal.h"

namespace sahpool::testing {
namespace {

std::size_t PageSizeIn(const Bytes& database) {
  if (database.size() < 18) return 0;
  return std::to_integer<std::size_t>(database[16]) << 8 |
         std::to_integer<std::size_t>(database[17]) << 16;
}

int CountHeaders(const Bytes& journal) {
  int count = 0;
  for (std::size_t i = 0; i < journal.size(); i += 512) {
    if (std::string_view(reinterpret_cast<const char*>(journal.data()), journal.size())
            .substr(i)
            .starts_with("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"))
      ++count;
  }
  return count;
}

// Settles the database of `opened` in place, or breaks off after some steps.
// Returns whether it came to the end.
bool Settle(OpenedImage& opened, std::size_t steps) {
  CommittedImage& image = opened.image();
  Bytes& database = opened.database();
  const std::int64_t size = image.size();
  if (steps-- == 0) return false;
  database.resize(static_cast<std::size_t>(image.kept_size()));
  if (steps-- == 0) return false;
  database.resize(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < image.overlay_count(); ++i) {
    if (steps-- == 0) return false;
    const CommittedImage::Overlay overlay = image.overlay(i);
    const std::span<std::byte> place = std::span(database).subspan(
        static_cast<std::size_t>(overlay.offset), static_cast<std::size_t>(overlay.size));
    Bytes bytes(place.size());
    if (!image.Read(bytes, overlay.offset).ok()) return false;
    std::copy(bytes.begin(), bytes.end(), place.begin());
  }
  return true;
}

}  // namespace

std::string KindOf(const DatabaseFiles& files) {
  return "database " + std::to_string(files.database.size()) + " bytes, journal " +
         (files.journal ? std::to_string(files.journal->size()) : "none") + ", wal " +
         (files.wal ? std::to_string(files.wal->size()) : "none");
}

void Count(const DatabaseFiles& files, OpenedImage& opened, Coverage& coverage) {
  ++coverage.images;
  const std::int64_t size_now = static_cast<std::int64_t>(files.database.size());
  if (opened.image().size() < size_now) ++coverage.shrunk;
  if (opened.image().size() > size_now) ++coverage.grown;
  if (files.journal && !files.journal->empty()) {
    MemorySource source(*files.journal);
    RollbackJournal journal;
    EXPECT_TRUE(RollbackJournal::Read(source, 4096, journal).ok());
    const auto super_journal = SuperJournalName::Read(source);
    const bool is_void =
        !super_journal.value().empty() && !FileExists(std::string(super_journal.value().view()));
    if (!journal.is_hot) {
      ++coverage.cold_journals;
    } else if (is_void) {
      ++coverage.void_by_super_journal;
    } else {
      ++coverage.hot;
      if (!super_journal.value().empty()) ++coverage.under_super_journal;
      if (CountHeaders(*files.journal) > 1) ++coverage.several_headers;
      if (journal.page_size != PageSizeIn(files.database)) ++coverage.page_size_differs;
      if (files.wal || (files.database.size() > 18 && files.database[18] == std::byte{2})) {
        ++coverage.hot_inside_wal_database;
      }
    }
  }
  if (files.wal && files.wal->size() > 32) {
    MemorySource source(*files.wal);
    WriteAheadLog wal;
    const Status status = WriteAheadLog::Read(source, wal);
    if (!status.ok() || !wal.has_commit()) return;
    ++coverage.wal;
    const Bytes& bytes = *files.wal;
    const std::size_t frame_size = wal.page_size + 24;
    const std::size_t last = 32 + (bytes.size() - 32) / frame_size * frame_size - frame_size;
    if (std::memcmp(&bytes[last + 8], &bytes[16], 8) != 0) {
      ++coverage.wal_stale_tail;
    } else if (std::memcmp(&bytes[last + 4], "\0\0\0\0", 4) == 0) {
      ++coverage.wal_uncommitted_tail;
    }
  }
}

void ExpectSameInRanges(OpenedImage& opened, const Bytes& whole, Random& random) {
  for (int i = 0; i < 8 && !whole.empty(); ++i) {
    const std::size_t offset = random.Below(whole.size());
    Bytes part(random.Below(std::min<std::size_t>(whole.size() - offset, 10000) + 1));
    ASSERT_TRUE(opened.image().Read(part, static_cast<std::int64_t>(offset)).ok());
    ASSERT_TRUE(
        std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset)));
  }
}

void ExpectSettles(const DatabaseFiles& files, const Bytes& expected, Random& random) {
  OpenedImage first(files);
  ASSERT_TRUE(first.ok());
  const bool unchanged = first.image().is_database_itself();
  EXPECT_EQ(unchanged, first.image().overlay_count() == 0 && files.database == expected);
  DatabaseFiles half_settled = files;
  Settle(first, random.Below(first.image().overlay_count() + 3));
  half_settled.database = first.database();
  OpenedImage second(half_settled);
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_TRUE(second.ReadAll() == expected) << "after an interrupted settling";
  EXPECT_TRUE(Settle(second, 1000000));
  EXPECT_TRUE(second.database() == expected);
}

Bytes AsBigEndianWal(Bytes wal) {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  const auto word = [&](std::size_t at) { return LoadBigEndian32(&wal[at]); };
  const auto add = [&](std::size_t at, std::size_t size) {
    for (std::size_t i = at; i < at + size; i += 8) {
      first += word(i) + second;
      second += word(i + 4) + first;
    }
  };
  StoreBigEndian32(wal, 0, 0x377f0683);
  add(0, 24);
  StoreBigEndian32(wal, 24, first);
  StoreBigEndian32(wal, 28, second);
  const std::size_t page_size = word(8);
  for (std::size_t at = 32; at + 24 + page_size <= wal.size(); at += 24 + page_size) {
    if (std::memcmp(&wal[at + 8], &wal[16], 8) != 0) break;
    add(at, 8);
    add(at + 24, page_size);
    StoreBigEndian32(wal, at + 16, first);
    StoreBigEndian32(wal, at + 20, second);
  }
  return wal;
}

}  // namespace sahpool::testing
