#include "abi_session.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>

#include "pool_on_disk.h"

namespace sahpool::fuzz {
namespace {

using testing::Connection;

bool IsKnownCode(int code) {
  static const std::set<int> known = {
      SQLITE_OK,         SQLITE_IOERR, SQLITE_FULL,   SQLITE_CANTOPEN, SQLITE_NOTFOUND, SQLITE_BUSY,
      SQLITE_CONSTRAINT, SQLITE_NOMEM, SQLITE_MISUSE, SQLITE_NOTADB,   SQLITE_CORRUPT};
  return known.contains(code);
}

}  // namespace

int Session::Check(sahpool_pool* pool, int code) {
  EXPECT_TRUE(IsKnownCode(code)) << code;
  if (code != SQLITE_OK) {
    EXPECT_STRNE(sahpool_error_text(pool), "");
  }
  return code;
}

Session::~Session() {
  host_.disk().Disarm();
  host_.distort = nullptr;
  connections_.clear();
  for (const ImportUnderTest& import : imports_) sahpool_import_abort(import.import);
  for (const ExportUnderTest& exported : exports_) sahpool_export_end(exported.exported);
  for (const auto& under_test : pools_) sahpool_destroy(under_test->pool);
}

void Session::CheckCounts(const PoolUnderTest& under_test) const {
  sahpool_pool* const pool = under_test.pool;
  const int in_use =
      sahpool_file_count(pool) + sahpool_free_count(pool) + sahpool_quarantine_count(pool);
  EXPECT_LE(in_use, sahpool_capacity(pool));
  EXPECT_LE(static_cast<std::size_t>(sahpool_capacity(pool)), under_test.handles.size());
  const bool has_other_slots = sahpool_open_count(pool) > 0 ||
                               std::ranges::any_of(imports_, [&](const ImportUnderTest& import) {
                                 return import.pool == pool;
                               });
  if (!has_other_slots) {
    EXPECT_EQ(in_use, sahpool_capacity(pool));
  }
  EXPECT_EQ(sahpool_file_name(pool, sahpool_file_count(pool)), nullptr);
  if (sahpool_file_count(pool) > 0) {
    EXPECT_STRNE(sahpool_file_name(pool, 0), "");
  }
}

void Session::Create() {
  const std::string vfs_name = input_.ConsumeBool() ? "abi" : "other abi";
  sahpool_pool* const pool = sahpool_create(vfs_name.c_str());
  ASSERT_NE(pool, nullptr);
  EXPECT_STREQ(sahpool_error_text(pool), "");
  pools_.push_back(std::make_unique<PoolUnderTest>(PoolUnderTest{pool, vfs_name}));
  sahpool_set_url_dialect(pool, input_.ConsumeIntegralInRange(0, 7));
}

void Session::Destroy(PoolUnderTest& under_test) {
  sahpool_pool* const pool = under_test.pool;
  const bool is_busy = sahpool_open_count(pool) > 0;
  const int code = sahpool_destroy(pool);
  EXPECT_EQ(code, is_busy ? SQLITE_BUSY : SQLITE_OK);
  if (code != SQLITE_OK) {
    Check(pool, code);
    return;
  }
  for (const int handle : under_test.handles) host_.Close(handle);
  for (ImportUnderTest& import : imports_) {
    if (import.pool == pool) import.pool = nullptr;
  }
  for (ExportUnderTest& exported : exports_) {
    if (exported.pool == pool) exported.pool = nullptr;
  }
  std::erase_if(pools_, [&](const auto& other) { return other.get() == &under_test; });
}

// After the start only slots that hold nothing: as addCapacity() makes them.
void Session::Attach(PoolUnderTest& under_test) {
  const std::string slot_name = "slot " + std::to_string(host_.disk().slot_names().size());
  const int handle = host_.Open(slot_name, under_test.is_started ? Bytes() : TakeSlot(input_));
  if (input_.ConsumeIntegralInRange(0, 9) == 0) {
    host_.Close(handle);
    EXPECT_EQ(Check(under_test.pool, sahpool_attach(under_test.pool, handle, slot_name.c_str())),
              SQLITE_IOERR);
    return;
  }
  const int code = sahpool_attach(under_test.pool, handle, slot_name.c_str());
  if (Check(under_test.pool, code) == SQLITE_OK) under_test.handles.push_back(handle);
}

void Session::DetachAll(PoolUnderTest& under_test) {
  if (Check(under_test.pool, sahpool_detach_all(under_test.pool)) != SQLITE_OK) return;
  EXPECT_EQ(sahpool_capacity(under_test.pool), 0);
  for (const int handle : under_test.handles) host_.Close(handle);
  under_test.handles.clear();
  under_test.is_started = false;
}

void Session::CallAboutHost() {
  switch (input_.ConsumeIntegralInRange(0, 3)) {
    case 0:
      if (pools_.size() < 3) Create();
      return;
    case 1:
      is_sound_ = false;
      return host_.disk().Arm(TakeFault(input_));
    case 2: {
      is_sound_ = false;
      const int by = input_.PickValueInArray({-1, 1, 7, 1 << 30, -(1 << 30)});
      host_.distort = [by](int count) { return count + by; };
      return;
    }
    default:
      host_.disk().Disarm();
      host_.distort = nullptr;
  }
}

void Session::CallAboutSlots(PoolUnderTest& under_test) {
  sahpool_pool* const pool = under_test.pool;
  switch (input_.ConsumeIntegralInRange(0, 9)) {
    case 0:
      return Destroy(under_test);
    case 1:
      if (!under_test.is_started) {
        under_test.is_started = Check(pool, sahpool_start(pool)) == SQLITE_OK;
      }
      return;
    case 2:
      Check(pool, sahpool_register(pool));
      return;
    case 3:
      Check(pool, sahpool_unregister(pool));
      return;
    case 4:
      return DetachAll(under_test);
    case 5:
      if (Check(pool, sahpool_wipe(pool)) == SQLITE_OK) {
        EXPECT_EQ(sahpool_free_count(pool), sahpool_capacity(pool));
      }
      return;
    case 6:
      if (const int handle = sahpool_release_free_slot(pool); handle >= 0) {
        EXPECT_EQ(std::erase(under_test.handles, handle), 1U);
        host_.Close(handle);
      }
      return;
    case 7:
      return sahpool_keep_free(pool, input_.ConsumeIntegral<int>());
    default:
      return Attach(under_test);
  }
}

void Session::CallAboutNames(const PoolUnderTest& under_test) {
  sahpool_pool* const pool = under_test.pool;
  const std::string name = TakeName(input_);
  std::array<char, 600> resolved;
  const int size = input_.ConsumeIntegralInRange(-1, static_cast<int>(resolved.size()));
  switch (input_.ConsumeIntegralInRange(0, 2)) {
    case 0:
      if (Check(pool, sahpool_resolve_name(pool, name.c_str(), resolved.data(), size)) ==
          SQLITE_OK) {
        EXPECT_LT(std::string(resolved.data()).size(), static_cast<std::size_t>(size));
      }
      return;
    case 1:
      sahpool_file_name(pool, input_.ConsumeIntegral<int>());
      return;
    default:
      // Before the start two slots can have one name.
      if (Check(pool, sahpool_unlink(pool, name.c_str())) == SQLITE_OK && under_test.is_started) {
        EXPECT_EQ(Check(pool, sahpool_unlink(pool, name.c_str())), SQLITE_NOTFOUND);
      }
  }
}

void Session::CallAboutQuarantine(sahpool_pool* pool) {
  const int index = input_.ConsumeIntegralInRange(-1, 4);
  const char* const slot = sahpool_quarantine_slot(pool, index);
  EXPECT_EQ(slot != nullptr, index >= 0 && index < sahpool_quarantine_count(pool));
  EXPECT_EQ(sahpool_quarantine_name(pool, index) != nullptr, slot != nullptr);
  EXPECT_EQ(sahpool_quarantine_reason(pool, index) != nullptr, slot != nullptr);
  EXPECT_GE(sahpool_quarantine_bytes(pool, index), 0);
  const std::string slot_name = slot != nullptr ? slot : "no such slot";
  const int code = input_.ConsumeBool() ? sahpool_quarantine_discard(pool, slot_name.c_str())
                                        : sahpool_quarantine_recover(pool, slot_name.c_str(),
                                                                     TakeName(input_).c_str());
  EXPECT_TRUE(Check(pool, code) != SQLITE_OK || slot != nullptr);
}

void Session::ExpectExportGives(const ImportUnderTest& import) {
  sahpool_export* exported = nullptr;
  const int code = sahpool_export_begin(import.pool, import.name.c_str(), &exported);
  ASSERT_EQ(Check(import.pool, code), SQLITE_OK);
  Bytes bytes(static_cast<std::size_t>(sahpool_export_size(exported)));
  EXPECT_EQ(sahpool_export_read(exported, bytes.data(), static_cast<int>(bytes.size()), 0),
            SQLITE_OK);
  sahpool_export_end(exported);
  Bytes expected = import.bytes;
  // A database is imported as one in rollback-journal mode.
  expected[18] = expected[19] = std::byte{1};
  EXPECT_TRUE(bytes == expected);
}

void Session::FinishImport(std::size_t index, bool aborts) {
  const ImportUnderTest ended = imports_[index];
  imports_.erase(imports_.begin() + static_cast<std::ptrdiff_t>(index));
  if (aborts) return sahpool_import_abort(ended.import);
  const int code = sahpool_import_finish(ended.import);
  if (ended.pool == nullptr) {
    EXPECT_EQ(code, SQLITE_MISUSE);
  } else if (code == SQLITE_OK && !ended.was_refused && is_sound_) {
    ExpectExportGives(ended);
  } else {
    EXPECT_TRUE(IsKnownCode(code));
  }
}

void Session::CallAboutImports(sahpool_pool* pool) {
  static const Bytes database = testing::MakeDatabase("imported", 1);
  if (imports_.empty() || (imports_.size() < 3 && input_.ConsumeBool())) {
    ImportUnderTest begun{nullptr, pool, TakeName(input_)};
    const int code = sahpool_import_begin(pool, begun.name.c_str(), &begun.import);
    if (Check(pool, code) == SQLITE_OK) imports_.push_back(begun);
    return;
  }
  const std::size_t index = TakeIndex(imports_);
  ImportUnderTest& under_test = imports_[index];
  const int choice = input_.ConsumeIntegralInRange(0, 4);
  if (choice <= 1) return FinishImport(index, choice == 0);
  const Bytes bytes = choice == 2 ? TakeBytes(input_, 100) : database;
  const int code =
      sahpool_import_write(under_test.import, bytes.data(), static_cast<int>(bytes.size()));
  EXPECT_TRUE(IsKnownCode(code));
  EXPECT_TRUE(under_test.pool != nullptr || code == SQLITE_MISUSE);
  if (code != SQLITE_OK) under_test.was_refused = true;
  under_test.bytes.insert(under_test.bytes.end(), bytes.begin(), bytes.end());
}

// Read at once; what is kept is kept for its pool to end it.
void Session::CallAboutExports(sahpool_pool* pool) {
  if (!exports_.empty() && input_.ConsumeBool()) {
    const std::size_t index = TakeIndex(exports_);
    const ExportUnderTest ended = exports_[index];
    exports_.erase(exports_.begin() + static_cast<std::ptrdiff_t>(index));
    if (ended.pool == nullptr) {
      std::byte byte{};
      EXPECT_EQ(sahpool_export_size(ended.exported), 0);
      EXPECT_EQ(sahpool_export_read(ended.exported, &byte, 1, 0), SQLITE_MISUSE);
    }
    return sahpool_export_end(ended.exported);
  }
  sahpool_export* exported = nullptr;
  const int code = sahpool_export_begin(pool, TakeName(input_).c_str(), &exported);
  if (Check(pool, code) != SQLITE_OK) return;
  const double size = sahpool_export_size(exported);
  EXPECT_GE(size, 0);
  Bytes bytes(input_.ConsumeIntegralInRange<std::size_t>(0, 20000));
  const double offset = input_.ConsumeBool() ? input_.ConsumeIntegralInRange(0, 20000)
                                             : input_.ConsumeFloatingPoint<double>();
  const int read =
      sahpool_export_read(exported, bytes.data(), static_cast<int>(bytes.size()), offset);
  EXPECT_TRUE(Check(pool, read) != SQLITE_OK || !is_sound_ || bytes.empty() ||
              std::trunc(offset) + static_cast<double>(bytes.size()) <= size);
  exports_.push_back({exported, pool});
}

void Session::CallAboutSql(PoolUnderTest& under_test) {
  if (!connections_.empty() && input_.ConsumeBool()) {
    const std::size_t index = TakeIndex(connections_);
    if (input_.ConsumeIntegralInRange(0, 5) == 0) {
      connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    connections_[index]->Execute(input_.PickValueInArray(
        {"CREATE TABLE IF NOT EXISTS t(tag, filling)", "BEGIN", "COMMIT", "ROLLBACK",
         "INSERT INTO t VALUES('new', zeroblob(9000))", "UPDATE t SET tag='changed'", "VACUUM",
         "PRAGMA journal_mode=WAL", "PRAGMA journal_mode=DELETE", "PRAGMA journal_mode=TRUNCATE",
         "PRAGMA journal_mode=PERSIST", "PRAGMA journal_mode=MEMORY",
         "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA cache_size=2", "SELECT count(*) FROM t",
         "CREATE TEMP TABLE IF NOT EXISTS u AS SELECT * FROM t"}));
    return;
  }
  const char* const vfs_name = under_test.vfs_name.c_str();
  if (connections_.size() == 3 || sqlite3_vfs_find(vfs_name) == nullptr) return;
  // The VFS may be that of another pool.
  const bool may_not_be_started = std::ranges::any_of(pools_, [&](const auto& other) {
    return other->vfs_name == under_test.vfs_name && !other->is_started;
  });
  if (may_not_be_started) return;
  auto connection = std::make_unique<Connection>(TakeName(input_), vfs_name);
  if (connection->open_code() == SQLITE_OK) connections_.push_back(std::move(connection));
}

void Session::Step() {
  const int topic = input_.ConsumeIntegralInRange(0, 9);
  if (pools_.empty()) return Create();
  if (topic == 0) return CallAboutHost();
  PoolUnderTest& under_test = *pools_[TakeIndex(pools_)];
  sahpool_pool* const pool = under_test.pool;
  // Only a started pool has files to work with.
  const bool is_about_files = topic >= 3 && topic <= 6;
  if (is_about_files && !under_test.is_started) return;
  switch (topic) {
    case 1:
      CallAboutNames(under_test);
      break;
    case 2:
      CallAboutQuarantine(pool);
      break;
    case 3:
      CallAboutImports(pool);
      break;
    case 4:
      CallAboutExports(pool);
      break;
    case 5:
    case 6:
      CallAboutSql(under_test);
      break;
    default:
      CallAboutSlots(under_test);
  }
  for (const auto& other : pools_) CheckCounts(*other);
}

}  // namespace sahpool::fuzz
