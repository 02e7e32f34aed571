// What the tests of CommittedImage check of every set of files, and which cases the files made.
#ifndef SAHPOOL_TESTS_NATIVE_IMAGE_CHECKS_H_
#define SAHPOOL_TESTS_NATIVE_IMAGE_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include "database_files.h"
#include "memory_source.h"

namespace sahpool::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // From 0 to below `limit`.
  std::size_t Below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_);
  }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  template <typename T>
  T Among(std::initializer_list<T> values) {
    return *(values.begin() + Below(values.size()));
  }

 private:
  std::mt19937_64 engine_;
};

// What of the many cases the rounds have met.
struct Coverage {
  int images = 0;
  int hot = 0;
  int several_headers = 0;
  int under_super_journal = 0;
  int void_by_super_journal = 0;
  int cold_journals = 0;
  int wal = 0;
  int wal_uncommitted_tail = 0;
  int wal_stale_tail = 0;
  int torn = 0;
  int shrunk = 0;
  int grown = 0;
  int page_size_differs = 0;
  int hot_inside_wal_database = 0;
  int committing = 0;
};

void Count(const DatabaseFiles& files, OpenedImage& opened, Coverage& coverage);

// For messages.
std::string KindOf(const DatabaseFiles& files);

// Reads ranges of all sizes and compares them with the whole.
void ExpectSameInRanges(OpenedImage& opened, const Bytes& whole, Random& random);

// Settles the database to what is `expected`, after an attempt that breaks off.
void ExpectSettles(const DatabaseFiles& files, const Bytes& expected, Random& random);

// The same WAL as a big-endian machine would have written it. Torn frames become
// valid ones, which changes what it says but nothing about how to read it.
Bytes AsBigEndianWal(Bytes wal);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_IMAGE_CHECKS_H_
