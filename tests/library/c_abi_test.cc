#include "c_abi.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>

#include "database_files.h"
#include "sahpool/status.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

TEST(CAbiTest, AProgramInC) {
  const TemporaryDirectory directory;
  const std::string path = directory.PathOf("pool");
  EXPECT_EQ(c_abi_run(path.c_str(), UniqueVfsName().c_str()), 0) << "the line in c_abi.c";
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(CAbiTest, APoolThatIsOpenElsewhere) {
  const TemporaryDirectory directory;
  const std::string path = directory.PathOf("pool");
  c_abi_report first;
  c_abi_report second;
  ASSERT_EQ(c_abi_open(path.c_str(), UniqueVfsName().c_str(), &first), 0);
  EXPECT_EQ(c_abi_open(path.c_str(), UniqueVfsName().c_str(), &second), 5);
  EXPECT_EQ(second.kind, SAHPOOL_BUSY);
  EXPECT_EQ(second.pool, nullptr);
  EXPECT_NE(std::string(second.text), "");
  EXPECT_EQ(sahpool_close(first.pool), 0);
}

TEST(CAbiTest, AnExportIsReadWithinItsBytesAlone) {
  const TemporaryDirectory directory;
  const std::string vfs = UniqueVfsName();
  c_abi_report opened;
  ASSERT_EQ(c_abi_open(directory.PathOf("pool").c_str(), vfs.c_str(), &opened), 0);
  ASSERT_EQ(Connection("a.db", vfs.c_str()).Execute("CREATE TABLE t(x)"), SQLITE_OK);
  sahpool_export* exported = nullptr;
  ASSERT_EQ(sahpool_export_begin(opened.pool, "a.db", &exported), SQLITE_OK);
  const double size = sahpool_export_size(exported);
  std::byte byte{};
  EXPECT_EQ(sahpool_export_read(exported, &byte, 1, size - 1), SQLITE_OK);
  EXPECT_EQ(sahpool_export_read(exported, &byte, 0, size), SQLITE_OK);
  for (const double outside : {size, -1.0, 0x1p63, -0x1p64, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(sahpool_export_read(exported, &byte, 1, outside), SQLITE_IOERR) << outside;
  }
  EXPECT_EQ(sahpool_export_read(exported, &byte, -1, 0), SQLITE_IOERR);
  sahpool_export_end(exported);
  EXPECT_EQ(sahpool_close(opened.pool), 0);
}

TEST(CAbiTest, ItsKindsAreTheCodesOfCpp) {
  EXPECT_EQ(static_cast<int>(Code::kOk), SAHPOOL_OK);
  EXPECT_EQ(static_cast<int>(Code::kIo), SAHPOOL_IO);
  EXPECT_EQ(static_cast<int>(Code::kFull), SAHPOOL_FULL);
  EXPECT_EQ(static_cast<int>(Code::kNoFreeSlot), SAHPOOL_NO_FREE_SLOT);
  EXPECT_EQ(static_cast<int>(Code::kNotFound), SAHPOOL_NOT_FOUND);
  EXPECT_EQ(static_cast<int>(Code::kExists), SAHPOOL_EXISTS);
  EXPECT_EQ(static_cast<int>(Code::kBusy), SAHPOOL_BUSY);
  EXPECT_EQ(static_cast<int>(Code::kInvalid), SAHPOOL_INVALID);
  EXPECT_EQ(static_cast<int>(Code::kNameTooLong), SAHPOOL_NAME_TOO_LONG);
  EXPECT_EQ(static_cast<int>(Code::kNotADatabase), SAHPOOL_NOT_A_DATABASE);
  EXPECT_EQ(static_cast<int>(Code::kCorrupt), SAHPOOL_CORRUPT);
  EXPECT_EQ(static_cast<int>(Code::kMisuse), SAHPOOL_MISUSE);
  EXPECT_EQ(static_cast<int>(Code::kNoMemory), SAHPOOL_NO_MEMORY);
  EXPECT_EQ(static_cast<int>(Code::kUnsupported), SAHPOOL_UNSUPPORTED);
}

}  // namespace
}  // namespace sahpool::testing
