// Whatever lies among slots and is none stays as it is, through every call of a pool's life; and no
// link leads a pool out of its folder.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "database_files.h"
#include "format/slot_header.h"
#include "native/directory_pool.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

Bytes TextOf(std::string_view text) {
  Bytes bytes(text.size());
  std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

Bytes SlotWith(const SlotHeaderBytes& header, std::string_view content) {
  Bytes bytes(header.begin(), header.end());
  bytes.resize(kSlotDataOffset);
  const Bytes behind = TextOf(content);
  bytes.insert(bytes.end(), behind.begin(), behind.end());
  return bytes;
}

// What can be told of the entries of a folder without opening what is no regular file.
std::map<std::string, std::pair<fs::file_type, Bytes>> EntriesOf(const fs::path& folder) {
  std::map<std::string, std::pair<fs::file_type, Bytes>> entries;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::file_type type = entry.symlink_status().type();
    auto& [kept_type, bytes] = entries[entry.path().filename()];
    kept_type = type;
    if (type == fs::file_type::regular) bytes = ReadFile(entry.path()).value();
  }
  return entries;
}

struct ForeignFilesTest : ::testing::Test {
  void SetUp() override {
    fs::create_directories(slots);
    fs::create_directories(outside);
    WriteFile(outside / "named",
              SlotWith(EncodeNamedHeader("/outside.db", open_flag::kMainDb), "x"));
    WriteFile(outside / "free", SlotWith(EncodeFreeHeader(), ""));
    WriteFile(outside / "empty", {});
  }

  Result<std::unique_ptr<DirectoryPool>> Open(bool clear = false) {
    return DirectoryPool::Open(path, {.vfs_name = UniqueVfsName(), .clear = clear});
  }

  // Files and other things that are no slots, some much like one.
  void PutForeignFiles(const fs::path& folder) const {
    WriteFile(folder / "disk.img", Bytes(132'768));
    WriteFile(folder / "download", Bytes(4097));
    WriteFile(folder / "short", Bytes(4095));
    WriteFile(folder / "empty.txt", {});
    WriteFile(folder / "note.txt", TextOf("a note"));
    WriteFile(folder / "letter.txt", Bytes(600, std::byte{'x'}));
    WriteFile(folder / "book.txt", Bytes(20'000, std::byte{'x'}));
    WriteFile(folder / "late", SlotWith(EncodeFreeHeader(), "what begins behind some zeros"));
    WriteFile(folder / "0123456789abcdef", SlotWith(EncodeFreeHeader(), "named like a slot"));
    {
      Connection connection(folder / "notes.db", nullptr);
      ASSERT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
    }
    WriteFile(folder / "read-only", Bytes(10'000));
    fs::permissions(folder / "read-only", fs::perms::owner_read);
    fs::create_directory(folder / "folder");
    WriteFile(folder / "folder" / "inner", SlotWith(EncodeFreeHeader(), ""));
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    fs::create_symlink(outside / "named", folder / "link-to-named");
    fs::create_symlink(outside / "free", folder / "link-to-free");
    fs::create_symlink("/none", folder / "link-to-nothing");
    fs::create_symlink("/dev/zero", folder / "link-to-device");
    fs::create_hard_link(outside / "free", folder / "other-name-of-free");
    fs::create_hard_link(outside / "empty", folder / "0123456789abcdeg");
  }

  // All that a pool can do, its removal at last.
  void UseAndRemove(DirectoryPool& pool) {
    {
      Connection connection("used.db", pool);
      ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(42)"), SQLITE_OK);
      EXPECT_EQ(connection.Query("SELECT x FROM t"), "42");
    }
    ASSERT_TRUE(pool.AddCapacity(3).ok());
    ASSERT_TRUE(pool.ReduceCapacity(100).ok());
    EXPECT_EQ(FreeCount(pool), 0);
    ASSERT_TRUE(pool.vfs().WithPool([](Pool& inner) { return inner.Wipe(); }).ok());
    ASSERT_TRUE(pool.vfs().Unregister().ok());
    EXPECT_TRUE(pool.Remove().ok());
  }

  const TemporaryDirectory directory;
  const fs::path path = directory.PathOf("pool");
  const fs::path slots = path / ".opaque";
  const fs::path outside = directory.PathOf("outside");
};

TEST_F(ForeignFilesTest, StayAsTheyAreAmongSlots) {
  PutForeignFiles(slots);
  const auto before = EntriesOf(slots);
  const auto before_outside = EntriesOf(outside);
  for (const bool clear : {false, true}) {
    const auto pool = Open(clear);
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    EXPECT_EQ(FreeCount(*pool.value()), 6);
    UseAndRemove(*pool.value());
    EXPECT_TRUE(EntriesOf(slots) == before);
    EXPECT_TRUE(EntriesOf(outside) == before_outside);
  }
}

TEST_F(ForeignFilesTest, StayAsTheyAreBesideThePool) {
  fs::remove(slots);
  PutForeignFiles(path);
  const auto before = EntriesOf(path);
  for (const bool clear : {false, true}) {
    const auto pool = Open(clear);
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    UseAndRemove(*pool.value());
    EXPECT_TRUE(EntriesOf(path) == before);
  }
}

TEST_F(ForeignFilesTest, AFolderOfSlotsIsOpenedOnlyWhenNamedAsOne) {
  {
    const auto pool = Open();
    Connection connection("app.db", *pool.value());
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(42)"), SQLITE_OK);
  }
  const fs::path copy = directory.PathOf("copy");
  fs::copy(slots, copy);
  const auto slots_alone = EntriesOf(copy);
  PutForeignFiles(copy);
  const auto before = EntriesOf(copy);
  {
    const auto pool = DirectoryPool::Open(copy, {.vfs_name = UniqueVfsName()});
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    EXPECT_EQ(FileCount(*pool.value()), 0);
    ASSERT_TRUE(pool.value()->Remove().ok());
  }
  EXPECT_TRUE(EntriesOf(copy) == before);
  const auto pool =
      DirectoryPool::Open(copy, {.vfs_name = UniqueVfsName(), .is_slot_folder = true});
  ASSERT_TRUE(pool.ok()) << pool.status().text();
  {
    Connection connection("app.db", *pool.value(), SQLITE_OPEN_READWRITE);
    EXPECT_EQ(connection.Query("SELECT x FROM t"), "42");
  }
  UseAndRemove(*pool.value());
  auto left = before;
  std::erase_if(left, [&](const auto& entry) { return slots_alone.contains(entry.first); });
  EXPECT_TRUE(EntriesOf(copy) == left);
}

TEST_F(ForeignFilesTest, AFolderOfSlotsMustHaveSome) {
  const fs::path documents = directory.PathOf("documents");
  const auto open = [&] {
    return DirectoryPool::Open(documents, {.vfs_name = UniqueVfsName(), .is_slot_folder = true})
        .status()
        .code();
  };
  EXPECT_EQ(open(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(documents));
  fs::create_directory(documents);
  PutForeignFiles(documents);
  const auto before = EntriesOf(documents);
  EXPECT_EQ(open(), Code::kNotFound);
  EXPECT_TRUE(EntriesOf(documents) == before);
}

TEST_F(ForeignFilesTest, AFolderThatIsALinkIsNotFollowed) {
  fs::remove(slots);
  fs::create_directory_symlink(outside, slots);
  const auto before = EntriesOf(outside);
  const auto pool = Open(true);
  EXPECT_EQ(pool.status().code(), Code::kInvalid);
  EXPECT_NE(pool.status().text().find("link"), std::string_view::npos) << pool.status().text();
  EXPECT_TRUE(EntriesOf(outside) == before);
}

TEST_F(ForeignFilesTest, ThePoolsOwnDirectoryMayBeALink) {
  fs::create_directory_symlink(path, directory.PathOf("link"));
  const auto pool = DirectoryPool::Open(directory.PathOf("link"), {.vfs_name = UniqueVfsName()});
  ASSERT_TRUE(pool.ok());
  UseAndRemove(*pool.value());
  EXPECT_FALSE(fs::exists(slots));
}

TEST_F(ForeignFilesTest, ASlotWithTwoNamesInItsFolderIsOneSlot) {
  {
    const auto pool = Open();
    Connection connection("app.db", *pool.value());
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  }
  for (const auto& [name, entry] : EntriesOf(slots)) {
    fs::create_hard_link(slots / name, slots / (name + "-2"));
  }
  const auto pool = Open();
  ASSERT_TRUE(pool.ok()) << pool.status().text();
  EXPECT_EQ(FileCount(*pool.value()), 1);
  EXPECT_EQ(FreeCount(*pool.value()), 0);
}

TEST_F(ForeignFilesTest, NewSlotsWithoutTheirSizeAreUsed) {
  WriteFile(slots / "0123456789abcdef", {});
  WriteFile(slots / "v123456789abcdef", Bytes(100));
  WriteFile(slots / "w123456789abcdef", {});
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(FreeCount(*pool.value()), 2);
  EXPECT_EQ(fs::file_size(slots / "w123456789abcdef"), 0U);
}

// A slot whose header is damaged is one all the same, and waits for what the user says.
TEST_F(ForeignFilesTest, DamagedSlotsAreQuarantined) {
  Bytes damaged = SlotWith(EncodeNamedHeader("/secret.db", open_flag::kMainDb), "encrypted bytes");
  damaged[520] ^= std::byte{1};
  WriteFile(slots / "damaged", damaged);
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool.value()->vfs().pool().files().quarantined_count(), 1);
  EXPECT_EQ(Connection("secret.db", *pool.value()).open_code(), SQLITE_CANTOPEN);
  EXPECT_TRUE(ReadFile(slots / "damaged") == damaged);
}

// Which may be a slot, in which something is that then would seem to be lost.
TEST_F(ForeignFilesTest, AFileThatCannotBeReadStopsTheStart) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser can read everything";
  WriteFile(slots / "unreadable", Bytes(4096));
  fs::permissions(slots / "unreadable", fs::perms::none);
  const auto pool = Open();
  EXPECT_EQ(pool.status().code(), Code::kIo);
  EXPECT_NE(pool.status().text().find("unreadable"), std::string_view::npos);
}

TEST_F(ForeignFilesTest, AFileThatTookASlotsNameIsNotRemoved) {
  const auto pool = Open();
  ASSERT_TRUE(pool.ok());
  for (const auto& [name, entry] : EntriesOf(slots)) {
    fs::rename(slots / name, outside / name);
    WriteFile(slots / name, TextOf("somebody's"));
  }
  const auto before = EntriesOf(slots);
  EXPECT_TRUE(pool.value()->ReduceCapacity(3).ok());
  EXPECT_TRUE(pool.value()->Remove().ok());
  EXPECT_TRUE(EntriesOf(slots) == before);
}

}  // namespace
}  // namespace sahpool::testing
