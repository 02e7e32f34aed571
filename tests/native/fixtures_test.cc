// Pools that the official package wrote in a browser, opened natively. The .json beside each says
// what they hold.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "database_files.h"
#include "native/directory_pool.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class FixturePool : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string stem = std::string(SAHPOOL_FIXTURES) + "/official-" + GetParam();
    const std::string command = "tar xzf '" + stem + ".tar.gz' -C '" + directory_.PathOf("") + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    pool_ = directory_.PathOf("pool");
    slots_ = pool_ / ".opaque";
    fs::create_directory(pool_);
    fs::rename(directory_.PathOf(GetParam()), slots_);
    json_ = stem + ".json";
  }

  // A query on the .json, which is its parameter.
  std::string Ask(const std::string& sql) {
    const Bytes bytes = ReadFile(json_).value();
    std::string json(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (std::size_t at = 0; (at = json.find('\'', at)) != std::string::npos; at += 2) {
      json.insert(at, 1, '\'');
    }
    Connection connection(":memory:", nullptr);
    return connection.Query("WITH fixture(document) AS (SELECT '" + json + "') " + sql);
  }
  std::set<std::string> NamesExpected() {
    const auto names = LinesOf(Ask("SELECT value FROM fixture, json_each(document, '$.names')"));
    return {names.begin(), names.end()};
  }
  bool IsHot() {
    return Ask("SELECT ifnull(json_extract(document, '$.hot'), 0) FROM fixture") == "1";
  }

  std::map<std::string, Bytes> BytesOfSlots() const {
    std::map<std::string, Bytes> bytes;
    for (const auto& entry : fs::directory_iterator(slots_)) {
      bytes[entry.path().filename()] = ReadFile(entry.path()).value();
    }
    return bytes;
  }

  static std::set<std::string> NamesOf(Pool& pool) {
    std::set<std::string> names;
    for (std::int32_t i = 0; const File* file = pool.files().At(SlotState::kNamed, i); ++i) {
      names.emplace(file->slot().name().view());
    }
    return names;
  }

  TemporaryDirectory directory_;
  fs::path pool_;
  fs::path slots_;
  std::string json_;
};

TEST_P(FixturePool, IsNotChangedByAttaching) {
  const auto before = BytesOfSlots();
  ASSERT_EQ(std::to_string(before.size()),
            Ask("SELECT json_extract(document, '$.capacity') FROM fixture"));
  PosixHost host;
  Pool pool(host);
  for (const auto& [name, bytes] : before) {
    auto handle = PosixHandle::Open((slots_ / name).c_str(), /*create=*/false);
    ASSERT_TRUE(handle.ok());
    ASSERT_TRUE(pool.Attach(std::move(handle.value()), name).ok());
  }
  EXPECT_EQ(NamesOf(pool), NamesExpected());
  EXPECT_EQ(pool.files().At(SlotState::kQuarantined, 0), nullptr);
  EXPECT_TRUE(BytesOfSlots() == before);
}

TEST_P(FixturePool, HoldsWhatWasWritten) {
  const auto before = BytesOfSlots();
  {
    const auto pool = OpenPool(pool_);
    ASSERT_NE(pool, nullptr);
    EXPECT_EQ(NamesOf(pool->vfs().pool()), NamesExpected());
    EXPECT_EQ(pool->vfs().pool().files().capacity(), std::ssize(before));

    const auto names = LinesOf(Ask("SELECT key FROM fixture, json_each(document, '$.files')"));
    EXPECT_GE(names.size(), 2U);
    for (const std::string& name : names) {
      SCOPED_TRACE(name);
      Connection connection(name, *pool, SQLITE_OPEN_READWRITE);
      EXPECT_EQ(
          connection.Query("SELECT count(*), sum(qty) FROM item"),
          Ask("SELECT json_extract(value, '$.rows'), CAST(json_extract(value, '$.sum') AS REAL)"
              " FROM fixture, json_each(document, '$.files') WHERE key = '" +
              name + "'"));
      EXPECT_EQ(connection.Query("PRAGMA integrity_check"),
                Ask("SELECT json_extract(value, '$.integrity')"
                    " FROM fixture, json_each(document, '$.files') WHERE key = '" +
                    name + "'"));
    }

    // Having been opened, a database has rolled back its hot journal.
    std::set<std::string> names_after = NamesExpected();
    EXPECT_EQ(names_after.erase("/app.db-journal"), IsHot() ? 1U : 0U);
    EXPECT_EQ(NamesOf(pool->vfs().pool()), names_after);
  }
  EXPECT_EQ(BytesOfSlots() == before, !IsHot());
}

TEST_P(FixturePool, CanBeWrittenTo) {
  {
    const auto pool = OpenPool(pool_);
    Connection connection("app.db", *pool);
    ASSERT_EQ(connection.Execute("UPDATE item SET qty = 1"), SQLITE_OK);
  }
  const auto pool = OpenPool(pool_);
  Connection connection("/app.db", *pool, SQLITE_OPEN_READWRITE);
  EXPECT_EQ(connection.Query("SELECT sum(qty) = count(*) FROM item"), "1");
  EXPECT_EQ(connection.Query("PRAGMA integrity_check"), "ok");
}

INSTANTIATE_TEST_SUITE_P(All, FixturePool, ::testing::Values("v1-small", "v2-small", "v2-hot"),
                         [](const auto& it) {
                           std::string name = it.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace sahpool::testing
