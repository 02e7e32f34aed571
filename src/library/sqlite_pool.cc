#include "sahpool/sqlite_pool.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace sahpool {
namespace {

constexpr std::size_t kPieceSize = std::size_t{256} * 1024;
// Of names as they are stored, with the NUL.
constexpr int kResolvedNameCapacity = 1024;

Status NoPool() { return {Code::kMisuse, "there is no pool"}; }

Status ErrorOf(sahpool_pool* pool) {
  return {static_cast<Code>(sahpool_error_kind(pool)), sahpool_error_text(pool)};
}

Status ResultOf(sahpool_pool* pool, int code) {
  return code == SQLITE_OK ? Status() : ErrorOf(pool);
}

// The names that C functions get: one with a NUL in it would be taken for a shorter one.
Result<std::string> CheckedName(std::string_view name) {
  if (name.empty()) return Status(Code::kInvalid, "the name is empty");
  if (name.find('\0') != name.npos) return Status(Code::kInvalid, "the name has a NUL in it");
  return std::string(name);
}

Result<int> ValueOf(const sahpool_outcome& outcome) {
  if (Status s = StatusOf(outcome); !s.ok()) return s;
  return outcome.value;
}

using Operation = void (*)(sahpool_pool*, int, sahpool_callback, void*);

void RefuseOperation(sahpool_callback callback, void* context) {
  const Status status = NoPool();
  const sahpool_outcome outcome = {SQLITE_MISUSE, SAHPOOL_MISUSE, status.c_str(), nullptr, 0};
  callback(context, &outcome);
}

Pending<int> ChangeCapacity(sahpool_pool* pool, Operation operation, int count) {
  return Pending<int>(
      [=](sahpool_callback callback, void* context) {
        if (pool == nullptr) return RefuseOperation(callback, context);
        operation(pool, count, callback, context);
      },
      ValueOf);
}

}  // namespace

Status StatusOf(const sahpool_outcome& outcome) {
  if (outcome.code == SQLITE_OK) return {};
  return {static_cast<Code>(outcome.kind), outcome.text};
}

ImportStream::ImportStream(ImportStream&& other) noexcept
    : pool_(other.pool_), import_(std::exchange(other.import_, nullptr)) {}

ImportStream& ImportStream::operator=(ImportStream&& other) noexcept {
  if (this == &other) return *this;
  Abort();
  pool_ = other.pool_;
  import_ = std::exchange(other.import_, nullptr);
  return *this;
}

ImportStream::~ImportStream() { Abort(); }

Status ImportStream::Write(std::span<const std::byte> bytes) {
  if (import_ == nullptr) return {Code::kMisuse, "the import has ended"};
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPieceSize));
    if (sahpool_import_write(import_, piece.data(), static_cast<int>(piece.size())) != SQLITE_OK) {
      return ErrorOf(pool_);
    }
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Status ImportStream::Stage(std::string_view temporary_name) {
  if (import_ == nullptr) return {Code::kMisuse, "the import has ended"};
  const auto checked = CheckedName(temporary_name);
  if (!checked.ok()) return checked.status();
  return ResultOf(pool_, sahpool_import_stage(import_, checked.value().c_str()));
}

Status ImportStream::Finish() {
  if (import_ == nullptr) return {Code::kMisuse, "the import has ended"};
  return ResultOf(pool_, sahpool_import_finish(std::exchange(import_, nullptr)));
}

void ImportStream::Abort() {
  if (import_ != nullptr) sahpool_import_abort(std::exchange(import_, nullptr));
}

Pending<SqlitePool> SqlitePool::Open(PoolOptions options) {
  return Pending<SqlitePool>(
      [options = std::move(options)](sahpool_callback callback, void* context) {
        const sahpool_options plain = {options.vfs_name.c_str(),
                                       options.directory.c_str(),
                                       options.initial_capacity,
                                       options.clear_on_init ? 1 : 0,
                                       options.keep_free,
                                       options.acquire_timeout_ms,
                                       options.make_default ? 1 : 0,
                                       options.log,
                                       options.log_context,
                                       options.is_slot_folder ? 1 : 0};
        sahpool_open(&plain, callback, context);
      },
      [](const sahpool_outcome& outcome) -> Result<SqlitePool> {
        if (outcome.pool == nullptr) return sahpool::StatusOf(outcome);
        return SqlitePool(outcome.pool);
      });
}

SqlitePool::SqlitePool(SqlitePool&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}

SqlitePool& SqlitePool::operator=(SqlitePool&& other) noexcept {
  if (this == &other) return *this;
  CloseOrLeave();
  pool_ = std::exchange(other.pool_, nullptr);
  return *this;
}

SqlitePool::~SqlitePool() { CloseOrLeave(); }

void SqlitePool::CloseOrLeave() {
  if (pool_ == nullptr) return;
  if (const Status s = Close(); !s.ok()) {
    std::fprintf(stderr, "sahpool: a pool was destroyed in use and stays open: %s\n", s.c_str());
    pool_ = nullptr;
  }
}

Status SqlitePool::Close() {
  if (pool_ == nullptr) return {};
  if (sahpool_close(pool_) != SQLITE_OK) return ErrorOf(pool_);
  pool_ = nullptr;
  return {};
}

Pending<int> SqlitePool::AddCapacity(int count) {
  return ChangeCapacity(pool_, sahpool_add_capacity, count);
}

Pending<int> SqlitePool::ReserveCapacity(int minimum) {
  return ChangeCapacity(pool_, sahpool_reserve_capacity, minimum);
}

Pending<int> SqlitePool::ReduceCapacity(int count) {
  return ChangeCapacity(pool_, sahpool_reduce_capacity, count);
}

PoolCounts SqlitePool::counts() const {
  if (pool_ == nullptr) return {};
  return {.capacity = sahpool_capacity(pool_),
          .files = sahpool_file_count(pool_),
          .free = sahpool_free_count(pool_),
          .open = sahpool_open_count(pool_)};
}

std::vector<std::string> SqlitePool::FileNames() const {
  std::vector<std::string> names;
  if (pool_ == nullptr) return names;
  for (int index = 0;; ++index) {
    const char* const name = sahpool_file_name(pool_, index);
    if (name == nullptr) return names;
    names.emplace_back(name);
  }
}

Result<std::string> SqlitePool::ResolveName(std::string_view name) const {
  if (pool_ == nullptr) return NoPool();
  const auto checked = CheckedName(name);
  if (!checked.ok()) return checked.status();
  std::array<char, kResolvedNameCapacity> stored{};
  const int code =
      sahpool_resolve_name(pool_, checked.value().c_str(), stored.data(), kResolvedNameCapacity);
  if (code != SQLITE_OK) return ErrorOf(pool_);
  return std::string(stored.data());
}

Status SqlitePool::Import(std::string_view name, std::span<const std::byte> bytes) {
  auto import = BeginImport(name);
  if (!import.ok()) return import.status();
  if (Status s = import.value().Write(bytes); !s.ok()) return s;
  return import.value().Finish();
}

Result<ImportStream> SqlitePool::BeginImport(std::string_view name) {
  if (pool_ == nullptr) return NoPool();
  const auto checked = CheckedName(name);
  if (!checked.ok()) return checked.status();
  sahpool_import* import = nullptr;
  if (sahpool_import_begin(pool_, checked.value().c_str(), &import) != SQLITE_OK) {
    return ErrorOf(pool_);
  }
  return ImportStream(pool_, import);
}

Result<std::vector<std::byte>> SqlitePool::Export(std::string_view name) const {
  std::vector<std::byte> bytes;
  const Status status = Export(name, [&](std::span<const std::byte> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return Status();
  });
  if (!status.ok()) return status;
  return bytes;
}

Status SqlitePool::Export(std::string_view name,
                          const std::function<Status(std::span<const std::byte>)>& sink) const {
  if (pool_ == nullptr) return NoPool();
  const auto checked = CheckedName(name);
  if (!checked.ok()) return checked.status();
  sahpool_export* exported = nullptr;
  if (sahpool_export_begin(pool_, checked.value().c_str(), &exported) != SQLITE_OK) {
    return ErrorOf(pool_);
  }
  const auto size = static_cast<std::int64_t>(sahpool_export_size(exported));
  std::vector<std::byte> piece;
  Status status;
  for (std::int64_t offset = 0; status.ok() && offset < size;) {
    piece.resize(std::min(static_cast<std::size_t>(size - offset), kPieceSize));
    const int code = sahpool_export_read(exported, piece.data(), static_cast<int>(piece.size()),
                                         static_cast<double>(offset));
    status = code == SQLITE_OK ? sink(piece) : ErrorOf(pool_);
    offset += static_cast<std::int64_t>(piece.size());
  }
  sahpool_export_end(exported);
  return status;
}

Result<bool> SqlitePool::Unlink(std::string_view name) {
  if (pool_ == nullptr) return NoPool();
  const auto checked = CheckedName(name);
  if (!checked.ok()) return checked.status();
  const int code = sahpool_unlink(pool_, checked.value().c_str());
  if (code == SQLITE_NOTFOUND) return false;
  if (code != SQLITE_OK) return ErrorOf(pool_);
  return true;
}

Status SqlitePool::WipeFiles() {
  return pool_ != nullptr ? ResultOf(pool_, sahpool_wipe(pool_)) : NoPool();
}

Status SqlitePool::Pause() {
  return pool_ != nullptr ? ResultOf(pool_, sahpool_pause(pool_)) : NoPool();
}

Pending<int> SqlitePool::Unpause() {
  return Pending<int>(
      [pool = pool_](sahpool_callback callback, void* context) {
        if (pool == nullptr) return RefuseOperation(callback, context);
        sahpool_unpause(pool, callback, context);
      },
      ValueOf);
}

bool SqlitePool::is_paused() const { return pool_ == nullptr || sahpool_is_paused(pool_) != 0; }

Pending<int> SqlitePool::Remove() {
  struct Removal {
    SqlitePool* self;
    sahpool_callback callback;
    void* context;
  };
  return Pending<int>(
      [this](sahpool_callback callback, void* context) {
        if (pool_ == nullptr) return RefuseOperation(callback, context);
        sahpool_remove(
            pool_,
            [](void* removal, const sahpool_outcome* outcome) {
              const std::unique_ptr<Removal> done(static_cast<Removal*>(removal));
              if (outcome->code == SQLITE_OK) done->self->pool_ = nullptr;
              done->callback(done->context, outcome);
            },
            new Removal{this, callback, context});
      },
      ValueOf);
}

std::vector<QuarantinedSlot> Quarantine::List() const {
  std::vector<QuarantinedSlot> slots;
  const int count = pool_ != nullptr ? sahpool_quarantine_count(pool_) : 0;
  slots.reserve(static_cast<std::size_t>(count));
  const auto text = [](const char* it) { return std::string(it != nullptr ? it : ""); };
  for (int index = 0; index < count; ++index) {
    slots.push_back({text(sahpool_quarantine_slot(pool_, index)),
                     text(sahpool_quarantine_name(pool_, index)),
                     text(sahpool_quarantine_reason(pool_, index)),
                     static_cast<std::int64_t>(sahpool_quarantine_bytes(pool_, index))});
  }
  return slots;
}

Status Quarantine::Recover(std::string_view slot, std::string_view name) {
  if (pool_ == nullptr) return NoPool();
  const auto checked_slot = CheckedName(slot);
  if (!checked_slot.ok()) return checked_slot.status();
  const auto checked_name = CheckedName(name);
  if (!checked_name.ok()) return checked_name.status();
  return ResultOf(pool_, sahpool_quarantine_recover(pool_, checked_slot.value().c_str(),
                                                    checked_name.value().c_str()));
}

Status Quarantine::Discard(std::string_view slot) {
  if (pool_ == nullptr) return NoPool();
  const auto checked = CheckedName(slot);
  if (!checked.ok()) return checked.status();
  return ResultOf(pool_, sahpool_quarantine_discard(pool_, checked.value().c_str()));
}

}  // namespace sahpool
