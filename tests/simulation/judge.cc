#include "judge.h"

#include <sqlite3.h>

#include <optional>
#include <set>
#include <utility>

#include "allocation_faults.h"
#include "simulated_pool.h"
#include "survival.h"

namespace sahpool::testing {
namespace {

// A connection for one question. `path` must exist.
class Reader {
 public:
  Reader(const SimulatedPool& pool, std::string_view path) {
    code_ =
        sqlite3_open_v2(std::string(path).c_str(), &db_, SQLITE_OPEN_READWRITE, pool.vfs_name());
    if (code_ == SQLITE_OK) code_ = AddPayloadFunction(db_);
  }
  ~Reader() { sqlite3_close_v2(db_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  int code() const { return code_; }
  sqlite3* get() const { return db_; }
  std::string message() const { return sqlite3_errmsg(db_); }

 private:
  sqlite3* db_ = nullptr;
  int code_;
};

class Judgement {
 public:
  Judgement(const SlotBytes& survivors, const Expectation& expectation, std::uint64_t seed,
            int depth, std::uint64_t& states)
      : survivors_(survivors),
        expectation_(expectation),
        random_(seed),
        disk_(survivors),
        pool_(disk_, seed, "judged"),
        depth_(depth),
        states_(states) {
    disk_.keeps_log = false;
    ++states_;
  }

  std::string Pronounce() {
    const bool crashes_again = depth_ > 0 && random_.OneIn(4);
    if (crashes_again) CrashAgainAt(random_.Below(12));
    if (const Status s = pool_.Start(); !s.ok()) return "the pool does not start: " + Text(s);
    std::string problem = CheckSlots();
    if (problem.empty() && random_.OneIn(16)) problem = ReadExports();
    if (problem.empty()) problem = CheckDatabases();
    disk_.before_change = nullptr;
    if (problem.empty()) problem = second_crash_;
    if (problem.empty() && !crashes_again && random_.OneIn(8)) problem = CheckCommit();
    return problem;
  }

 private:
  static std::string Text(const Status& status) { return std::string(status.text()); }

  // At that change of the recovery, what a crash leaves is judged by the same expectation.
  void CrashAgainAt(std::size_t change) {
    disk_.before_change = [this, change] {
      if (changes_++ != change || !second_crash_.empty()) return;
      const auto pattern = static_cast<Survival>(random_.Below(kSurvivalCount));
      const SlotBytes left = Survivors(disk_, pattern, random_);
      Judgement again(left, expectation_, random_.Below(1U << 30), depth_ - 1, states_);
      second_crash_ = again.Pronounce();
      if (!second_crash_.empty()) {
        second_crash_ = std::string("after a crash in the recovery (") + NameOf(pattern) +
                        "): " + second_crash_;
      }
    };
  }

  // Every slot is free, or holds a file that can have been made, or is quarantined untouched.
  std::string CheckSlots() {
    Pool& pool = pool_.pool();
    const std::int32_t accounted =
        pool.files().file_count() + pool.files().free_count() + CountIn(SlotState::kQuarantined);
    if (accounted != static_cast<std::int32_t>(survivors_.size())) {
      return "slots are missing from the pool";
    }
    for (std::int32_t i = 0; File* const file = pool.files().At(SlotState::kQuarantined, i); ++i) {
      const std::string name(file->slot().slot_name());
      if (disk_.bytes(name) != survivors_.at(name)) return "quarantined file " + name + " changed";
      // Which is how a damaged header looks: no crash alone may leave it.
      if (file->slot().quarantine_reason().starts_with("the header is empty")) {
        return "quarantined file " + name + ": a database under an empty header";
      }
    }
    std::set<std::string> names;
    for (std::int32_t i = 0; File* const file = pool.files().At(SlotState::kNamed, i); ++i) {
      const std::string name(file->slot().name().view());
      if (!names.insert(name).second) return "two slots hold " + name;
      if (!IsKnown(name)) return "an unknown file " + name;
    }
    return {};
  }

  std::int32_t CountIn(SlotState state) {
    std::int32_t count = 0;
    while (pool_.pool().files().At(state, count) != nullptr) ++count;
    return count;
  }

  // A database, or something that SQLite or an interrupted import names after it.
  static bool IsKnown(const std::string& name) {
    for (const std::string_view database : kDatabaseNames) {
      if (SimulatedPool::IsFileOf(name, database)) return true;
      if (!name.starts_with(database)) continue;
      const std::string_view rest = std::string_view(name).substr(database.size());
      if (rest.starts_with("-mj") || rest.find(".duplicate-") != std::string_view::npos)
        return true;
    }
    return false;
  }

  // What an export of each database holds before SQLite has recovered it.
  std::string ReadExports() {
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      const FileName name = pool_.pool().names().Resolve(kDatabaseNames[i]).value();
      File* const file = pool_.pool().files().Find(name);
      if (file == nullptr) continue;
      auto snapshot = pool_.vfs().OpenSnapshot(*file);
      // Its journal is looked for before it is read as if it had none.
      if (expectation_.may_need_recovery && !pool_.pool().names().CheckQuarantine(name).ok()) {
        if (snapshot.ok()) return "an export does without what is in quarantine";
        continue;
      }
      if (!snapshot.ok()) return "export fails: " + Text(snapshot.status());
      std::vector<std::byte> image(static_cast<std::size_t>(snapshot.value()->size()));
      if (Status s = snapshot.value()->Read(image, 0); !s.ok()) return "export fails: " + Text(s);
      ReadOutcome outcome = ReadDatabaseImage(image);
      if (outcome.code != SQLITE_OK) return std::string("export: ") + sqlite3_errstr(outcome.code);
      if (!outcome.problem.empty()) return "export: " + outcome.problem;
      exported_[i] = std::move(outcome.content);
    }
    return {};
  }

  std::string CheckDatabases() {
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      std::string problem = ReadDatabase(i, found_[i]);
      if (problem.empty() && exported_[i] && *exported_[i] != found_[i]) {
        problem = "an export differs: " + DescribeDifference(*exported_[i], found_[i]);
      }
      if (problem.empty() && !expectation_.Permits(i, found_[i])) {
        problem = "holds what it must not: " + Describe(found_[i]) + "; against the latest: " +
                  DescribeDifference(found_[i], *expectation_.permitted[i].back());
        if (expectation_.permitted[i].size() > 1) {
          problem += "; against the oldest: " +
                     DescribeDifference(found_[i], *expectation_.permitted[i].front());
        }
      }
      if (!problem.empty()) return std::string(kDatabaseNames[i]) + " " + problem;
    }
    return expectation_.IsTornApart(found_) ? "a commit over two databases is torn apart" : "";
  }

  std::string ReadDatabase(std::size_t database, Content& content) {
    const std::string path(kDatabaseNames[database]);
    if (expectation_.may_need_recovery) pool_.RecoverClaimsOn(path);
    if (pool_.pool().files().Find(pool_.pool().names().Resolve(path).value()) == nullptr) return {};
    const Reader reader(pool_, path);
    if (reader.code() != SQLITE_OK) return "can't be opened: " + reader.message();
    ReadOutcome outcome = ReadContent(reader.get(), "main");
    if (outcome.code != SQLITE_OK) {
      return std::string("can't be read: ") + sqlite3_errstr(outcome.code);
    }
    if (!outcome.problem.empty()) return outcome.problem;
    const std::string integrity = CheckIntegrity(reader.get(), "main");
    if (integrity != "ok") return "integrity_check: " + integrity;
    content = std::move(outcome.content);
    return {};
  }

  // A pool that has recovered must be one that keeps what is committed next.
  std::string CheckCommit() {
    if (pool_.pool().files().free_count() < 1 || found_[0][0].empty()) return {};
    Content wanted = found_[0];
    const std::int64_t key = wanted[0].rbegin()->first + 1;
    wanted[0][key] = {.version = 1, .size = 100};
    {
      const Reader writer(pool_, kDatabaseNames[0]);
      const std::string number = std::to_string(key);
      const std::string sql =
          "INSERT INTO t0 VALUES(" + number + ", 1, payload(" + number + ", 1, 100))";
      const int code = sqlite3_exec(writer.get(), sql.c_str(), nullptr, nullptr, nullptr);
      // Its WAL may find no slot, when the last free one was taken by the recovery of another.
      if (code != SQLITE_OK) return pool_.pool().files().free_count() < 2 ? "" : writer.message();
      Expectation after;
      after.permitted[0] = {std::make_shared<const Content>(wanted)};
      after.permitted[1] = {std::make_shared<const Content>(found_[1])};
      const SlotBytes left = Survivors(disk_, Survival::kNone, random_);
      Judgement again(left, after, random_.Below(1U << 30), 0, states_);
      const std::string problem = again.Pronounce();
      return problem.empty() ? "" : "after a commit to the recovered pool: " + problem;
    }
  }

  const SlotBytes& survivors_;
  const Expectation& expectation_;
  Random random_;
  FaultDisk disk_;
  SimulatedPool pool_;
  int depth_;
  std::uint64_t& states_;
  std::size_t changes_ = 0;
  std::string second_crash_;
  std::array<Content, kDatabaseCount> found_{};
  std::array<std::optional<Content>, kDatabaseCount> exported_{};
};

}  // namespace

std::string Judge(const SlotBytes& survivors, const Expectation& expectation, std::uint64_t seed,
                  std::uint64_t& states) {
  const AllocationFaults::Suspended no_faults;
  return Judgement(survivors, expectation, seed, 1, states).Pronounce();
}

}  // namespace sahpool::testing
