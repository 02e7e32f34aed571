#include "campaign.h"

#include <sqlite3.h>

#include <cstdio>
#include <numeric>

#include "fault_injection.h"
#include "judge.h"
#include "session.h"
#include "survival.h"

namespace sahpool::testing {
namespace {

constexpr int kMaxShrinkRuns = 400;

void Say(bool is_verbose, const std::string& text) {
  if (is_verbose) std::printf("%s\n", text.c_str());
}

void SayLog(FaultDisk& disk) {
  for (const std::string& entry : disk.log) std::printf("  %s\n", entry.c_str());
  disk.log.clear();
}

// Whether a kill strikes in the middle of the operation.
bool IsKilled(const Workload& workload, std::size_t operation) {
  return operation + 1 < workload.operations.size() &&
         workload.operations[operation + 1].action == Action::kKill &&
         workload.operations[operation + 1].a % 4 != 0;
}

// Judges what is left at this moment.
void JudgeHere(Session& session, Survival pattern, Random& random, std::uint64_t& states) {
  const SlotBytes left = Survivors(session.disk(), pattern, random);
  const std::string problem = Judge(left, session.expectation(), random.Below(1U << 30), states);
  if (!problem.empty()) {
    session.Fail(std::string("after a crash (") + NameOf(pattern) + "): " + problem);
  }
}

// Judges what `count` crashes would leave at this moment.
void CrashHere(Session& session, Random& random, int count, std::uint64_t& states) {
  const bool can_forget = HasUnflushed(session.disk());
  for (int i = 0; i < (can_forget ? count : 1) && session.failure().empty(); ++i) {
    const auto pattern = can_forget ? session.DrawSurvival(random.Below(64)) : Survival::kAll;
    JudgeHere(session, pattern, random, states);
  }
}

}  // namespace

std::optional<Violation> Campaign::Run(std::uint64_t first_seed, std::uint64_t goal) {
  for (std::uint64_t seed = first_seed; Progress() < goal; ++seed) {
    const std::string problem = RunOne(seed, {});
    if (!problem.empty()) return Violation{.seed = seed, .problem = problem, .operations = {}};
  }
  return std::nullopt;
}

std::string Campaign::RunOne(std::uint64_t seed, const std::vector<std::size_t>& operations,
                             bool is_verbose) {
  running_seed = seed;
  // The same names of super-journals and the same salts in every run.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed % 1000003 + 1), nullptr);
  Workload workload = DrawWorkload(seed, operation_count_);
  if (!operations.empty()) {
    Workload reduced{.settings = workload.settings, .operations = {}};
    for (const std::size_t i : operations) reduced.operations.push_back(workload.operations.at(i));
    workload = std::move(reduced);
  }
  ++tally_.workloads;
  Say(is_verbose, Describe(workload.settings));
  if (ordeal_ == Ordeal::kNone) return RunUndisturbed(workload, seed, is_verbose);
  return ordeal_ == Ordeal::kCrashes ? RunWithCrashes(workload, seed, is_verbose)
                                     : RunWithFaults(workload, seed, is_verbose);
}

std::string Campaign::RunUndisturbed(const Workload& workload, std::uint64_t seed,
                                     bool is_verbose) {
  Session session(workload.settings, seed);
  session.disk().keeps_log = is_verbose;
  for (const Operation& operation : workload.operations) {
    Say(is_verbose, Describe(operation));
    session.Run(operation);
    SayLog(session.disk());
    if (!session.failure().empty()) return Describe(operation) + ": " + session.failure();
  }
  session.Finish();
  session.CheckLive();
  return session.failure();
}

std::string Campaign::RunWithCrashes(const Workload& workload, std::uint64_t seed,
                                     bool is_verbose) {
  Session session(workload.settings, seed);
  Random random(seed ^ 0x5eed);
  const auto crash = [&] {
    const std::uint64_t before = tally_.crash_states;
    CrashHere(session, random, 3, tally_.crash_states);
    tally_.by_journal_mode[session.journal_mode()] += tally_.crash_states - before;
  };
  session.before_change = crash;
  session.disk().keeps_log = is_verbose;
  for (std::size_t i = 0; i < workload.operations.size(); ++i) {
    const Operation& operation = workload.operations[i];
    session.remembers_moments = IsKilled(workload, i);
    Say(is_verbose, Describe(operation));
    session.Run(operation);
    SayLog(session.disk());
    if (!session.failure().empty()) return Describe(operation) + ": " + session.failure();
  }
  session.Finish();
  crash();
  return session.failure();
}

std::string Campaign::RunWithFaults(const Workload& workload, std::uint64_t seed, bool is_verbose) {
  Session session(workload.settings, seed);
  FaultInjection injection(session, seed);
  std::uint64_t states = 0;
  Random random(seed ^ 0xfa17);
  // On a full disk a process may be killed in the middle of anything.
  session.before_change = [&] {
    if (injection.HasFullDisk() && random.OneIn(4) && session.failure().empty()) {
      JudgeHere(session, Survival::kAll, random, states);
    }
  };
  session.disk().keeps_log = is_verbose;
  for (std::size_t i = 0; i < workload.operations.size(); ++i) {
    const Operation& operation = workload.operations[i];
    session.remembers_moments = IsKilled(workload, i);
    Say(is_verbose, Describe(operation));
    injection.Before(operation);
    session.Run(operation);
    const bool has_hit = injection.After();
    SayLog(session.disk());
    if (has_hit) {
      if (!injection.IsFullDisk()) session.MayNeedRecovery();
      ++tally_.faults;
      ++tally_.by_journal_mode[session.journal_mode()];
      Say(is_verbose,
          "  " + injection.Description() + ": result " + std::to_string(session.last_code()));
      CrashHere(session, random, 2, states);
    } else if (operation.action == Action::kReduceCapacity || operation.action == Action::kUnlink) {
      // What was removed or deleted may come back after a crash.
      CrashHere(session, random, 2, states);
    }
    if (has_hit) session.DeleteStaleJournals();
    if (!session.failure().empty()) {
      return Describe(operation) + (has_hit ? ", " + injection.Description() : "") + ": " +
             session.failure();
    }
  }
  session.Finish();
  session.CheckLive();
  CrashHere(session, random, 3, states);
  return session.failure();
}

void Campaign::Shrink(Violation& violation) {
  auto& kept = violation.operations;
  if (kept.empty()) {
    kept.resize(operation_count_);
    std::iota(kept.begin(), kept.end(), std::size_t{0});
  }
  int runs = 0;
  for (std::size_t size = kept.size() / 2; size > 0; size /= 2) {
    for (std::size_t from = 0; from < kept.size() && runs < kMaxShrinkRuns;) {
      std::vector<std::size_t> fewer(kept.begin(),
                                     kept.begin() + static_cast<std::ptrdiff_t>(from));
      const std::size_t to = std::min(from + size, kept.size());
      fewer.insert(fewer.end(), kept.begin() + static_cast<std::ptrdiff_t>(to), kept.end());
      ++runs;
      const std::string problem = fewer.empty() ? "" : RunOne(violation.seed, fewer);
      if (problem.empty()) {
        from = to;
      } else {
        kept = fewer;
        violation.problem = problem;
      }
    }
  }
}

}  // namespace sahpool::testing
