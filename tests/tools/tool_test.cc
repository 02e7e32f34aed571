// The parts of the tool that a run of it can't show from all sides.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "cli/overlay_handle.h"
#include "cli/salvage.h"

namespace sahpool::cli {
namespace {

using Bytes = std::vector<std::byte>;

class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& bytes) {
    const int descriptor = mkstemp(path_.data());
    EXPECT_EQ(write(descriptor, bytes.data(), bytes.size()), std::ssize(bytes));
    close(descriptor);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const char* path() const { return path_.c_str(); }
  Bytes Read() const {
    Bytes bytes(std::filesystem::file_size(path_));
    std::ifstream(path_, std::ios::binary)
        .read(reinterpret_cast<char*>(bytes.data()), std::ssize(bytes));
    return bytes;
  }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "sahpool-XXXXXX").string();
};

Bytes RandomBytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

// Everything a handle does, beside a vector that does the same.
class OverlayHandleTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(OverlayHandleTest, BehavesLikeAFileAndLeavesItsOwnAlone) {
  constexpr std::size_t kMaxSize = 40000;
  std::mt19937 random(GetParam());
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const Bytes original = RandomBytes(random, below(kMaxSize));
  const TemporaryFile file(original);
  const auto handle = OverlayHandle::Open(file.path());
  ASSERT_TRUE(handle.ok());
  Bytes model = original;
  for (int step = 0; step < 300; ++step) {
    const std::size_t offset = below(kMaxSize);
    const std::size_t size = below(10000);
    switch (below(3)) {
      case 0: {
        const Bytes bytes = RandomBytes(random, size);
        ASSERT_EQ(handle.value()->Write(bytes, static_cast<std::int64_t>(offset)).value(), size);
        if (size > 0) model.resize(std::max(model.size(), offset + size));
        std::ranges::copy(bytes,
                          model.begin() + static_cast<std::ptrdiff_t>(size > 0 ? offset : 0));
        break;
      }
      case 1:
        ASSERT_TRUE(handle.value()->Truncate(static_cast<std::int64_t>(offset)).ok());
        model.resize(offset);
        break;
      default: {
        Bytes bytes(size);
        const std::size_t count =
            handle.value()->Read(bytes, static_cast<std::int64_t>(offset)).value();
        bytes.resize(count);
        const std::size_t begin = std::min(offset, model.size());
        const std::size_t expected = std::min(size, model.size() - begin);
        ASSERT_EQ(bytes, Bytes(model.begin() + static_cast<std::ptrdiff_t>(begin),
                               model.begin() + static_cast<std::ptrdiff_t>(begin + expected)));
      }
    }
    ASSERT_EQ(handle.value()->Size().value(), std::ssize(model));
  }
  EXPECT_EQ(file.Read(), original);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OverlayHandleTest, ::testing::Range(0U, 50U));

TEST(OverlayHandle, WritesOfNothingDoNotMakeASlotLonger) {
  OverlayHandle handle;
  ASSERT_TRUE(handle.Write({}, 5000).ok());
  EXPECT_EQ(handle.Size().value(), 0);
}

TEST(RepairHeader, PutsAnyWrongByteRight) {
  const SlotHeaderBytes header = EncodeNamedHeader("/dir/app.db", open_flag::kMainDb);
  for (std::size_t at = 0; at < header.size(); at += 37) {
    SlotHeaderBytes damaged = header;
    damaged[at] ^= std::byte{0x41};
    EXPECT_EQ(RepairHeader(damaged), header) << at;
  }
}

TEST(RepairHeader, LeavesWhatOneByteCanNotExplain) {
  SlotHeaderBytes damaged = EncodeNamedHeader("/app.db", open_flag::kMainDb);
  damaged[1] ^= std::byte{1};
  damaged[4] ^= std::byte{1};
  EXPECT_EQ(RepairHeader(damaged), std::nullopt);
  EXPECT_EQ(RepairHeader(EncodeFreeHeader()), std::nullopt);
}

}  // namespace
}  // namespace sahpool::cli
