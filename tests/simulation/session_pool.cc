// What a workload asks of the pool itself, beside its connections.
#include <algorithm>
#include <span>
#include <vector>

#include "judge.h"
#include "session.h"
#include "transfer/import.h"

namespace sahpool::testing {
namespace {

constexpr std::int32_t kMinCapacity = 7;
constexpr std::int32_t kMaxCapacity = 16;

}  // namespace

void Session::ChangeCapacity(const Operation& operation) {
  const std::int32_t capacity = pool_->pool().files().capacity();
  const auto count = static_cast<std::int32_t>(1 + operation.a % 3);
  if (operation.action == Action::kAddCapacity) {
    if (capacity + count > kMaxCapacity) return;
    AcceptStatus(pool_->AddCapacity(count), "adding capacity");
  } else if (capacity - count >= kMinCapacity) {
    AcceptStatus(pool_->ReduceCapacity(count), "reducing capacity");
  }
}

void Session::Unlink(std::size_t database) {
  Pool& pool = pool_->pool();
  File* const file = pool.files().Find(pool.names().Resolve(kDatabaseNames[database]).value());
  if (file == nullptr) return;
  Views contents{};
  contents[database] = Shared({});
  ExpectCommit(contents, false);
  const Status status =
      pool_->vfs().WithPool([&](Pool& p) { return p.order().DeleteDatabase(*file); });
  if (status.ok() && IsOpenAnywhere(database)) return Fail("an open database was unlinked");
  if (AcceptStatus(status, "unlink")) return Committed(contents, true);
  status.code() == Code::kBusy ? NotCommitted() : CommitMayHaveFailed(contents);
}

void Session::Import(const Operation& operation) {
  const std::size_t database = operation.database;
  const Content content = ImportedContent(operation);
  const auto image = MakeDatabaseImage(content, settings_.page_size, operation.b % 4 == 0);
  // In chunks of any size, but not in thousands of them.
  const std::size_t chunk = std::max<std::size_t>(1 + operation.c % 5000, image.size() / 64);
  Views contents{};
  contents[database] = Shared(content);
  ExpectCommit(contents, false);
  bool is_aborted = operation.action == Action::kAbortImport;
  const Status status = pool_->vfs().WithPool([&](Pool& pool) -> Status {
    auto import =
        sahpool::Import::Begin(pool, pool.names().Resolve(kDatabaseNames[database]).value());
    if (!import.ok()) {
      is_aborted = true;
      return import.status();
    }
    for (std::size_t at = 0; at < image.size(); at += chunk) {
      const auto part = std::span(image).subspan(at, std::min(chunk, image.size() - at));
      if (is_aborted && at > image.size() / 2) return {};
      if (Status s = import.value()->Write(part); !s.ok()) {
        is_aborted = true;
        return s;
      }
    }
    return is_aborted ? Status() : import.value()->Finish();
  });
  if (status.ok() && !is_aborted && IsOpenAnywhere(database)) Fail("an open database was replaced");
  AcceptStatus(status, "import");
  if (is_aborted || status.code() == Code::kBusy) return NotCommitted();
  status.ok() ? Committed(contents, true) : CommitMayHaveFailed(contents);
}

void Session::Export(std::size_t database) {
  Pool& pool = pool_->pool();
  File* const file = pool.files().Find(pool.names().Resolve(kDatabaseNames[database]).value());
  if (file == nullptr) return;
  std::vector<std::byte> image;
  const Status status = pool_->vfs().WithPool([&](Pool& /*pool*/) -> Status {
    auto snapshot = pool_->vfs().OpenSnapshot(*file);
    if (!snapshot.ok()) return snapshot.status();
    image.resize(static_cast<std::size_t>(snapshot.value()->size()));
    return snapshot.value()->Read(image, 0);
  });
  if (!status.ok()) {
    if (!expects_failure()) Fail("export: " + std::string(status.text()));
    return;
  }
  const ReadOutcome outcome = ReadDatabaseImage(image);
  if (outcome.code != SQLITE_OK)
    return Fail("export: " + std::string(sqlite3_errstr(outcome.code)));
  if (!outcome.problem.empty()) return Fail("export: " + outcome.problem);
  // As after a crash, a commit that failed may be there though no connection sees it.
  Recognize(database, outcome.content);
}

void Session::Pause() {
  Finish();
  if (!AcceptStatus(pool_->Pause(), "pause")) return;
  if (AcceptStatus(pool_->Start(), "unpause")) RecoverClaims();
}

}  // namespace sahpool::testing
