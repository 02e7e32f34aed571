// What a StorageHandle promises (src/storage/storage.h).

#include <algorithm>

#include "tests/conformance/conformance.h"

namespace sahpool::conformance {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

Failure WriteAll(StorageHandle& slot, std::span<const std::byte> bytes, std::int64_t offset) {
  const auto written = slot.Write(bytes, offset);
  REQUIRE_OK(written);
  REQUIRE_EQ(written.value(), bytes.size());
  return {};
}

Failure ReadExactly(StorageHandle& slot, std::span<std::byte> into, std::int64_t offset,
                    std::size_t expected_count) {
  const auto count = slot.Read(into, offset);
  REQUIRE_OK(count);
  REQUIRE_EQ(count.value(), expected_count);
  return {};
}

Failure HasSize(StorageHandle& slot, std::int64_t expected) {
  const auto size = slot.Size();
  REQUIRE_OK(size);
  REQUIRE_EQ(size.value(), expected);
  return {};
}

Failure NewSlotIsEmpty(Backend& backend) {
  Buffer buffer(100);
  REQUIRE(buffer);
  for (int i = 0; i < kSlotCount; ++i) {
    REQUIRE_PASSED(HasSize(backend.slot(i), 0));
    REQUIRE_PASSED(ReadExactly(backend.slot(i), buffer.span(), 0, 0));
    REQUIRE_PASSED(ReadExactly(backend.slot(i), buffer.span(), 5000, 0));
  }
  return {};
}

Failure ReadReturnsWhatWasWritten(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer written(10000);
  Buffer read(10000);
  REQUIRE(written && read);
  FillPattern(written.span(), 1);
  REQUIRE_PASSED(WriteAll(slot, written.span(), 0));
  REQUIRE_PASSED(HasSize(slot, 10000));
  REQUIRE_PASSED(ReadExactly(slot, read.span(), 0, 10000));
  REQUIRE(HasPattern(read.span(), 1));
  REQUIRE_PASSED(ReadExactly(slot, read.first(100), 4321, 100));
  REQUIRE(HasPattern(read.first(100), 1, 4321));
  return {};
}

Failure ReadPastTheEndIsShort(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(1000);
  REQUIRE(buffer);
  FillPattern(buffer.span(), 2);
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 0));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(500), 900, 100));
  REQUIRE(HasPattern(buffer.first(100), 2, 900));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(500), 999, 1));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(500), 1000, 0));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(500), 123456, 0));
  return {};
}

Failure WritePastTheEndLeavesZeros(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(20000);
  REQUIRE(buffer);
  FillPattern(buffer.first(10), 3);
  REQUIRE_PASSED(WriteAll(slot, buffer.first(10), 0));
  REQUIRE_PASSED(WriteAll(slot, buffer.first(10), 15000));
  REQUIRE_PASSED(HasSize(slot, 15010));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 15010));
  REQUIRE(HasPattern(buffer.first(10), 3));
  REQUIRE(IsZero(buffer.span().subspan(10, 14990)));
  REQUIRE(HasPattern(buffer.span().subspan(15000, 10), 3));
  return {};
}

Failure OverwriteKeepsTheRest(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(9000);
  REQUIRE(buffer);
  FillPattern(buffer.span(), 4);
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 0));
  FillPattern(buffer.first(500), 5);
  REQUIRE_PASSED(WriteAll(slot, buffer.first(500), 4000));
  REQUIRE_PASSED(HasSize(slot, 9000));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 9000));
  REQUIRE(HasPattern(buffer.first(4000), 4));
  REQUIRE(HasPattern(buffer.span().subspan(4000, 500), 5));
  REQUIRE(HasPattern(buffer.span().subspan(4500), 4, 4500));
  // Across the end: partly over old bytes, partly new.
  FillPattern(buffer.first(2000), 6);
  REQUIRE_PASSED(WriteAll(slot, buffer.first(2000), 8000));
  REQUIRE_PASSED(HasSize(slot, 10000));
  return {};
}

Failure TruncateShrinksAndGrowsWithZeros(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(10000);
  REQUIRE(buffer);
  FillPattern(buffer.span(), 7);
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 0));
  REQUIRE_OK(slot.Truncate(777));
  REQUIRE_PASSED(HasSize(slot, 777));
  // The bytes cut off are gone: growing again must not bring them back.
  REQUIRE_OK(slot.Truncate(10000));
  REQUIRE_PASSED(HasSize(slot, 10000));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 10000));
  REQUIRE(HasPattern(buffer.first(777), 7));
  REQUIRE(IsZero(buffer.span().subspan(777)));
  REQUIRE_OK(slot.Truncate(10000));
  REQUIRE_PASSED(HasSize(slot, 10000));
  REQUIRE_OK(slot.Truncate(0));
  REQUIRE_PASSED(HasSize(slot, 0));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 0));
  return {};
}

Failure OffsetsBeyondFourGibibytes(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(8192);
  REQUIRE(buffer);
  FillPattern(buffer.span(), 8);
  REQUIRE_PASSED(WriteAll(slot, buffer.first(4096), 0));
  REQUIRE_PASSED(WriteAll(slot, buffer.first(4096), 5 * kGiB));
  REQUIRE_PASSED(HasSize(slot, 5 * kGiB + 4096));
  FillPattern(buffer.span(), 9);
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 5 * kGiB, 4096));
  REQUIRE(HasPattern(buffer.first(4096), 8));
  // Where an offset cut to 32 bits would have written.
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(4096), kGiB, 4096));
  REQUIRE(IsZero(buffer.first(4096)));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(4096), 4 * kGiB, 4096));
  REQUIRE(IsZero(buffer.first(4096)));
  REQUIRE_OK(slot.Truncate(5 * kGiB + 100));
  REQUIRE_PASSED(HasSize(slot, 5 * kGiB + 100));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 5 * kGiB, 100));
  REQUIRE(HasPattern(buffer.first(100), 8));
  REQUIRE_OK(slot.Truncate(4096));
  REQUIRE_PASSED(HasSize(slot, 4096));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 4096));
  REQUIRE(HasPattern(buffer.first(4096), 8));
  return {};
}

Failure FlushChangesNothing(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(5000);
  REQUIRE(buffer);
  REQUIRE_OK(slot.Flush());
  FillPattern(buffer.span(), 10);
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 0));
  REQUIRE_OK(slot.Flush());
  REQUIRE_OK(slot.Flush());
  REQUIRE_PASSED(HasSize(slot, 5000));
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, 5000));
  REQUIRE(HasPattern(buffer.span(), 10));
  return {};
}

Failure LargeTransfers(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  constexpr std::size_t kSize = 9 * 1024 * 1024 + 7;
  Buffer buffer(kSize);
  REQUIRE(buffer);
  FillPattern(buffer.span(), 11);
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 3));
  REQUIRE_PASSED(HasSize(slot, kSize + 3));
  FillPattern(buffer.span(), 12);
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 3, kSize));
  REQUIRE(HasPattern(buffer.span(), 11));
  return {};
}

Failure UnalignedTransfers(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  constexpr std::size_t kSize = 60000;
  Buffer expected(kSize);
  Buffer buffer(kSize);
  REQUIRE(expected && buffer);
  RandomNumbers random;
  std::size_t size = 0;
  for (std::uint32_t step = 0; step < 300; ++step) {
    const auto offset = static_cast<std::size_t>(random.Below(50000));
    const auto count = static_cast<std::size_t>(1 + random.Below(9973));
    const auto piece = expected.span().subspan(offset, count);
    FillPattern(piece, step);
    REQUIRE_PASSED(WriteAll(slot, piece, static_cast<std::int64_t>(offset)));
    size = std::max(size, offset + count);
    REQUIRE_PASSED(HasSize(slot, static_cast<std::int64_t>(size)));
  }
  REQUIRE_PASSED(ReadExactly(slot, buffer.span(), 0, size));
  REQUIRE(std::ranges::equal(buffer.first(size), expected.first(size)));
  for (int step = 0; step < 300; ++step) {
    const auto offset = static_cast<std::size_t>(random.Below(static_cast<int>(size)));
    const auto count = std::min(static_cast<std::size_t>(1 + random.Below(9973)), size - offset);
    REQUIRE_PASSED(
        ReadExactly(slot, buffer.first(count), static_cast<std::int64_t>(offset), count));
    REQUIRE(std::ranges::equal(buffer.first(count), expected.span().subspan(offset, count)));
  }
  return {};
}

Failure EmptyTransfersDoNothing(Backend& backend) {
  StorageHandle& slot = backend.slot(0);
  Buffer buffer(10);
  REQUIRE(buffer);
  REQUIRE_PASSED(WriteAll(slot, buffer.first(0), 0));
  REQUIRE_PASSED(HasSize(slot, 0));
  REQUIRE_PASSED(WriteAll(slot, buffer.span(), 0));
  REQUIRE_PASSED(ReadExactly(slot, buffer.first(0), 5, 0));
  REQUIRE_PASSED(HasSize(slot, 10));
  return {};
}

Failure SlotsAreApart(Backend& backend) {
  Buffer buffer(100);
  REQUIRE(buffer);
  for (int i = 0; i < kSlotCount; ++i) {
    FillPattern(buffer.span(), static_cast<std::uint32_t>(i));
    REQUIRE_PASSED(WriteAll(backend.slot(i), buffer.span(), i));
  }
  for (int i = 0; i < kSlotCount; ++i) {
    REQUIRE_PASSED(HasSize(backend.slot(i), i + 100));
    REQUIRE_PASSED(ReadExactly(backend.slot(i), buffer.span(), i, 100));
    REQUIRE(HasPattern(buffer.span(), static_cast<std::uint32_t>(i)));
  }
  return {};
}

Failure HostTellsTimeAndRandomBytes(Backend& backend) {
  constexpr std::int64_t kYear2024 = 1704067200000;
  constexpr std::int64_t kYear2200 = 7258118400000;
  const std::int64_t before = backend.host().NowMilliseconds();
  REQUIRE(before > kYear2024 && before < kYear2200);
  REQUIRE(backend.host().NowMilliseconds() >= before);
  // More than crypto.getRandomValues() gives at a time.
  Buffer bytes(200000);
  REQUIRE(bytes);
  REQUIRE_EQ(backend.host().Randomness(bytes.span()), 200000);
  for (std::size_t at = 0; at < 200000; at += 10000) {
    REQUIRE(!IsZero(bytes.span().subspan(at, 10000)));
  }
  REQUIRE(!std::ranges::equal(bytes.first(64), bytes.span().subspan(64, 64)));
  REQUIRE(backend.host().SleepMicroseconds(1000) >= 0);
  return {};
}

constexpr Case kCases[] = {
    {"storage: a new slot is empty", NewSlotIsEmpty},
    {"storage: read returns what was written", ReadReturnsWhatWasWritten},
    {"storage: a read past the end is short", ReadPastTheEndIsShort},
    {"storage: a write past the end leaves zeros before it", WritePastTheEndLeavesZeros},
    {"storage: overwriting keeps the rest", OverwriteKeepsTheRest},
    {"storage: truncate shrinks, and grows with zeros", TruncateShrinksAndGrowsWithZeros},
    {"storage: offsets beyond 4 GiB", OffsetsBeyondFourGibibytes},
    {"storage: flush changes nothing", FlushChangesNothing},
    {"storage: large transfers", LargeTransfers},
    {"storage: unaligned transfers", UnalignedTransfers},
    {"storage: empty transfers do nothing", EmptyTransfersDoNothing},
    {"storage: slots are apart", SlotsAreApart},
    {"storage: the host tells time and random bytes", HostTellsTimeAndRandomBytes},
};

}  // namespace

std::span<const Case> StorageCases() { return kCases; }

}  // namespace sahpool::conformance
