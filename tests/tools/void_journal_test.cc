// Pools that a power loss has left with a journal that is void, or not, as the tool reads them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/salvage.h"
#include "format/annex.h"
#include "journal_seal_fixture.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

using testing::Bytes;
using testing::SlotAt;
using testing::SlotBytes;

Bytes ReadFile(const fs::path& path) {
  Bytes bytes(fs::file_size(path));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(bytes.data()), std::ssize(bytes));
  return bytes;
}

// A pool's directory, and a folder for what is made of it.
class PoolFolder {
 public:
  explicit PoolFolder(const SlotBytes& slots) : slots_(slots) {
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
    fs::create_directories(pool() / kSlotFolder);
    for (const auto& [name, bytes] : slots) {
      std::ofstream(pool() / kSlotFolder / name, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    }
  }
  ~PoolFolder() {
    for (const auto& [name, bytes] : slots_) {
      EXPECT_EQ(ReadFile(pool() / kSlotFolder / name), bytes) << "the tool changed slot " << name;
    }
    fs::remove_all(root_);
  }
  PoolFolder(const PoolFolder&) = delete;
  PoolFolder& operator=(const PoolFolder&) = delete;

  // What "app.db" says in what the commands write.
  std::string Exported() const {
    const fs::path file = root() / "exported.db";
    Arguments arguments = For(file);
    arguments.name = "app.db";
    EXPECT_EQ(Export(arguments), ExitCode::kDone);
    return testing::DescribeDatabase(ReadFile(file));
  }
  std::string Recovered() const {
    const fs::path folder = root() / "recovered";
    EXPECT_EQ(Recover(For(folder)), ExitCode::kDone);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
    return testing::DescribeDatabase(ReadFile(folder / "app.db"));
  }
  // What `check` prints.
  std::string Checked(ExitCode expected) const {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(Check(For({})), expected);
    std::fflush(stdout);
    return ::testing::internal::GetCapturedStdout();
  }
  JournalFate fate() const {
    const Salvage salvage = PlanSalvage(FindPool(pool(), ""));
    EXPECT_EQ(salvage.databases.size(), 1U);
    EXPECT_TRUE(salvage.databases.at(0).journal.has_value());
    return salvage.databases.at(0).journal_fate;
  }

 private:
  fs::path root() const { return root_; }
  Arguments For(const fs::path& file) const {
    Arguments arguments;
    arguments.dir = pool();
    arguments.file = file;
    return arguments;
  }
  fs::path pool() const { return root() / "pool"; }

  std::string root_ = (fs::temp_directory_path() / "sahpool-XXXXXX").string();
  const SlotBytes slots_;
};

class VoidJournalTest : public testing::JournalSealTest {
 protected:
  // After a commit whose journal, deleted, comes back: nothing has flushed that.
  SlotBytes AfterCommit() {
    MakeOldDatabase();
    MakeNew();
    SlotBytes left = disk.CrashState(1);
    EXPECT_TRUE(testing::HasSealedFlag(SlotAt(left, testing::kJournalName)));
    return left;
  }
  // In the middle of a commit: the database is not as the transaction would leave it.
  SlotBytes BeforeCommit() {
    MakeOldDatabase();
    SlotBytes left = testing::Written(BeforeFlushOf("/app.db", "UPDATE t SET tag='new'"));
    SlotAt(left, "/app.db").at(kAnnexOffset) = std::byte{0};
    return left;
  }
};

TEST_F(VoidJournalTest, OfACommittedTransactionIsNotApplied) {
  const PoolFolder folder(AfterCommit());
  EXPECT_EQ(folder.fate(), JournalFate::kVoid);
  EXPECT_EQ(folder.Recovered(), "new*10");
  EXPECT_EQ(folder.Exported(), "new*10");
  EXPECT_NE(folder.Checked(ExitCode::kDone).find("a journal that is void"), std::string::npos);
}

// The seal is that of the next journal, of which a crash has left nothing else.
TEST_F(VoidJournalTest, ThatACrashHasTornIsNotApplied) {
  SlotBytes slots = AfterCommit();
  const JournalSeal seal = JournalSeal::Of(4000, 12345);
  std::memcpy(&SlotAt(slots, testing::kJournalName).at(kAnnexOffset), &seal, sizeof(seal));
  const PoolFolder folder(slots);
  EXPECT_EQ(folder.fate(), JournalFate::kVoid);
  EXPECT_EQ(folder.Recovered(), "new*10");
  EXPECT_EQ(folder.Exported(), "new*10");
}

TEST_F(VoidJournalTest, IsKnownWhenHeadersAreDamaged) {
  SlotBytes slots = AfterCommit();
  // One byte can be put right; where more are wrong the flags are not believed.
  SlotAt(slots, "/app.db").at(2) ^= std::byte{4};
  Bytes& journal = SlotAt(slots, testing::kJournalName);
  for (const std::size_t at : {515U, 517U, 520U}) journal.at(at) ^= std::byte{0x20};
  const PoolFolder folder(slots);
  EXPECT_EQ(folder.fate(), JournalFate::kVoid);
  EXPECT_EQ(folder.Recovered(), "new*10");
}

TEST_F(VoidJournalTest, IsNoOrphan) {
  SlotBytes slots = AfterCommit();
  Bytes& journal = SlotAt(slots, testing::kJournalName);
  journal.back() ^= std::byte{1};
  slots.erase(testing::SlotNameOf(slots, "/app.db"));
  const PoolFolder folder(slots);
  const std::string checked = folder.Checked(ExitCode::kDone);
  EXPECT_EQ(checked.find("orphan"), std::string::npos) << checked;
}

TEST_F(VoidJournalTest, IsNotOneThatIsNeeded) {
  const PoolFolder folder(BeforeCommit());
  EXPECT_EQ(folder.fate(), JournalFate::kStays);
  EXPECT_EQ(folder.Recovered(), "old*10");
  EXPECT_EQ(folder.Exported(), "old*10");
}

TEST_F(VoidJournalTest, IsNotOneWithoutASealWhoseHeaderIsDamaged) {
  SlotBytes slots = BeforeCommit();
  Bytes& journal = SlotAt(slots, testing::kJournalName);
  journal.at(kAnnexOffset) = std::byte{0};
  for (const std::size_t at : {517U, 520U}) journal.at(at) ^= std::byte{0x20};
  const PoolFolder folder(slots);
  EXPECT_EQ(folder.fate(), JournalFate::kStays);
  EXPECT_EQ(folder.Recovered(), "old*10");
}

// What a start quarantines is applied as SQLite would, for want of anything better.
TEST_F(VoidJournalTest, IsNotOneWhoseSealIsDamaged) {
  SlotBytes slots = BeforeCommit();
  SlotAt(slots, testing::kJournalName).at(kAnnexOffset + 20) ^= std::byte{1};
  const PoolFolder folder(slots);
  EXPECT_EQ(folder.fate(), JournalFate::kDoubtful);
  EXPECT_EQ(folder.Recovered(), "old*10");
  EXPECT_THROW(folder.Exported(), Failure);
  EXPECT_NE(folder.Checked(ExitCode::kDamaged).find("the seal of the journal is damaged"),
            std::string::npos);
}

}  // namespace
}  // namespace sahpool::cli
