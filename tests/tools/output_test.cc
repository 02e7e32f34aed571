// What the tool does with text and bytes that nobody vouches for.
#include "cli/output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "cli/encryption.h"
#include "cli/output_folder.h"
#include "cli/printable.h"
#include "cli/tolerant_source.h"

namespace sahpool::cli {
namespace {

TEST(Printable, EscapesWhatATerminalObeysOrDoesNotShow) {
  EXPECT_EQ(Printable("a\x1b[31m\x7f\n"), "a\\x1b[31m\\x7f\\x0a");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\u{9b}");
  EXPECT_EQ(Printable("\xe2\x80\xae\xe2\x81\xa6"), "\\u{202e}\\u{2066}");
  EXPECT_EQ(Printable("\xf3\xa0\x80\x81"), "\\u{e0001}");
}

TEST(Printable, LeavesText) {
  const std::string text =
      "/dir/\xc3\xbc \xe3\x83\x87 \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb \\";
  EXPECT_EQ(Printable(text), text);
}

TEST(Printable, EscapesBytesThatAreNoText) {
  EXPECT_EQ(Printable("\x9b"), "\\x9b");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xe2\x80"), "\\xe2\\x80");
}

TEST(Printable, JsonSaysWhatItSaid) {
  const std::string evil = "\x1b\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x80\x81\xc3\xbc";
  const std::string json = TextOf({{"name", evil}});
  EXPECT_EQ(json.find_first_of("\x1b\x7f"), std::string::npos);
  EXPECT_EQ(json.find("\xc2\x9b"), std::string::npos);
  EXPECT_EQ(Json::parse(json)["name"].get<std::string>(), evil);
}

// Fails wherever a byte of the blocks `bad` is asked for.
class FailingSource final : public ByteSource {
 public:
  std::int64_t size() const override { return 40'000; }
  Status Read(std::span<std::byte> into, std::int64_t offset) override {
    const auto end = offset + std::ssize(into);
    if (offset < 12'288 && end > 8192) return {Code::kIo, "a bad sector"};
    std::ranges::fill(into, std::byte{7});
    return {};
  }
};

TEST(TolerantSource, LosesNoMoreThanCanNotBeRead) {
  FailingSource file;
  TolerantSource source(file);
  std::vector<std::byte> bytes(40'000);
  ASSERT_TRUE(source.Read(bytes, 0).ok());
  EXPECT_EQ(source.lost_bytes(), 4096);
  EXPECT_EQ(std::ranges::count(bytes, std::byte{7}), 40'000 - 4096);
  EXPECT_EQ(bytes[8192], std::byte{0});
  ASSERT_TRUE(source.Read(std::span(bytes).first(10), 9000).ok());
  EXPECT_EQ(source.lost_bytes(), 4096);
}

class BytesSource final : public ByteSource {
 public:
  explicit BytesSource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::int64_t size() const override { return std::ssize(bytes_); }
  Status Read(std::span<std::byte> into, std::int64_t offset) override {
    std::copy_n(bytes_.begin() + offset, into.size(), into.begin());
    return {};
  }

 private:
  std::vector<std::byte> bytes_;
};

TEST(LooksEncrypted, OnlyWhatIsRandomThroughout) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(200 * 4096);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  BytesSource encrypted(bytes);
  EXPECT_TRUE(LooksEncrypted(encrypted));
  std::fill_n(bytes.begin(), 100, std::byte{0xff});
  BytesSource damaged(bytes);
  EXPECT_FALSE(LooksEncrypted(damaged));
  BytesSource empty({});
  EXPECT_FALSE(LooksEncrypted(empty));
}

class OutputFolderTest : public ::testing::Test {
 protected:
  OutputFolderTest() {
    std::string path = (std::filesystem::temp_directory_path() / "sahpool-XXXXXX").string();
    root_ = mkdtemp(path.data());
  }
  ~OutputFolderTest() override { std::filesystem::remove_all(root_); }
  std::filesystem::path Make(OutputFolder& folder, std::string_view name) {
    const auto path = folder.NewPath(name, ".bytes");
    std::ofstream(path) << "x";
    return path.lexically_relative(root_);
  }

  std::filesystem::path root_;
};

TEST_F(OutputFolderTest, EveryNameGetsAPathOfItsOwn) {
  OutputFolder folder(root_);
  EXPECT_EQ(Make(folder, "/notes"), "notes");
  EXPECT_EQ(Make(folder, "/notes/archive.db"), "notes.2/archive.db");
  EXPECT_EQ(Make(folder, "/notes/b.db"), "notes.2/b.db");
  EXPECT_EQ(Make(folder, "/notes.2"), "notes.2.2");
  EXPECT_EQ(Make(folder, "/../../x"), "_/_/x");
  EXPECT_EQ(Make(folder, "/"), "_.2");
  EXPECT_EQ(Make(folder, "/a.db-journal"), "a.db-journal.bytes");
  EXPECT_EQ(Make(folder, "/a.db-WAL"), "a.db-WAL.bytes");
  EXPECT_EQ(Make(folder, "/a.db-journal"), "a.db-journal.bytes.2");
}

TEST_F(OutputFolderTest, LongNamesAreDecodedAndCutBetweenCharacters) {
  OutputFolder folder(root_);
  std::string name = "/";
  for (int i = 0; i < 40; ++i) name += "%E3%83%87";
  std::string decoded;
  for (int i = 0; i < 40; ++i) decoded += "\xe3\x83\x87";
  EXPECT_EQ(Make(folder, name), decoded);
  const auto cut = Make(folder, "/" + decoded + decoded).string();
  EXPECT_EQ(Printable(cut), cut);
  EXPECT_LT(cut.size(), 240U);
  EXPECT_NE(Make(folder, "/" + decoded + decoded), cut);
}

}  // namespace
}  // namespace sahpool::cli
