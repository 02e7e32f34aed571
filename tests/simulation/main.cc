// The simulation's command: crashes and faults by the thousand, and the defects that they must
// find.
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "allocation_faults.h"
#include "campaign.h"
#include "mutations.h"

namespace sahpool::testing {
namespace {

struct Arguments {
  std::uint64_t crashes = 20'000;
  std::uint64_t faults = 20'000;
  std::uint64_t seed = 1;
  std::size_t operations = 60;
  std::string replay;
  std::vector<std::size_t> only;
  std::string mutation;
  int share = 0;
  int shares = 1;
};

constexpr std::size_t kOperationsWithFaults = 40;
// Of crash states, in which every seeded defect must be noticed. Of faults and of calm workloads
// there are fewer, which take as long.
constexpr std::array<std::uint64_t, 5> kGoalsPerDefect = {500, 2'000, 8'000, 30'000, 60'000};
constexpr std::array<std::uint64_t, 3> kCosts = {1, 5, 8};

const char* NameOf(Ordeal ordeal) {
  if (ordeal == Ordeal::kNone) return "none";
  return ordeal == Ordeal::kCrashes ? "crashes" : "faults";
}

std::size_t OperationCount(const Arguments& arguments, Ordeal ordeal) {
  return ordeal == Ordeal::kFaults ? kOperationsWithFaults : arguments.operations;
}

// Prints the violation with the fewest operations that show it, and how to see it again.
void Report(Campaign& campaign, Ordeal ordeal, Violation violation, const Arguments& arguments) {
  std::printf("VIOLATION with seed %llu: %s\n", static_cast<unsigned long long>(violation.seed),
              violation.problem.c_str());
  campaign.Shrink(violation);
  std::string only;
  for (const std::size_t i : violation.operations)
    only += (only.empty() ? "" : ",") + std::to_string(i);
  std::printf(
      "shrunk to %zu operations: %s\nreplay: sahpool_simulation --replay %s --seed %llu"
      " --operations %zu --only %s%s%s\n",
      violation.operations.size(), violation.problem.c_str(), NameOf(ordeal),
      static_cast<unsigned long long>(violation.seed), OperationCount(arguments, ordeal),
      only.c_str(), arguments.mutation.empty() ? "" : " --mutation ", arguments.mutation.c_str());
}

bool RunCampaign(Ordeal ordeal, std::uint64_t goal, const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  Campaign campaign(ordeal, OperationCount(arguments, ordeal));
  auto violation = campaign.Run(arguments.seed, goal);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const Tally tally = campaign.tally();
  std::printf("%s: %llu workloads from seed %llu, %llu crash states, %llu faults, %.0f s, %s\n",
              NameOf(ordeal), static_cast<unsigned long long>(tally.workloads),
              static_cast<unsigned long long>(arguments.seed),
              static_cast<unsigned long long>(tally.crash_states),
              static_cast<unsigned long long>(tally.faults), seconds.count(),
              violation ? "1 violation" : "0 violations");
  for (const auto& [mode, count] : tally.by_journal_mode) {
    std::printf("  %-8s %llu\n", mode.c_str(), static_cast<unsigned long long>(count));
  }
  if (violation) Report(campaign, ordeal, std::move(*violation), arguments);
  return !violation;
}

// Whether the workloads notice the defect that is switched on. Crashes and faults take turns: some
// defects show only in one of them.
bool IsNoticed(const Mutation& mutation, const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t first_seed = arguments.seed - 1 + mutation.first_seed;
  std::array campaigns = {
      Campaign(Ordeal::kCrashes, OperationCount(arguments, Ordeal::kCrashes)),
      Campaign(Ordeal::kFaults, OperationCount(arguments, Ordeal::kFaults)),
      Campaign(Ordeal::kNone, OperationCount(arguments, Ordeal::kNone)),
  };
  for (const std::uint64_t goal : kGoalsPerDefect) {
    for (std::size_t i = 0; i < campaigns.size(); ++i) {
      Campaign& campaign = campaigns[i];
      const auto violation =
          campaign.Run(first_seed + campaign.tally().workloads, goal / kCosts[i]);
      if (!violation) continue;
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      std::printf(
          "noticed  %s after %llu crash states, %llu faults, %llu calm workloads, %.1f s, with seed"
          " %llu: %s\n",
          mutation.name, static_cast<unsigned long long>(campaigns[0].tally().crash_states),
          static_cast<unsigned long long>(campaigns[1].tally().faults),
          static_cast<unsigned long long>(campaigns[2].tally().workloads), seconds.count(),
          static_cast<unsigned long long>(violation->seed), violation->problem.c_str());
      return true;
    }
  }
  std::printf("MISSED   %s\n", mutation.name);
  return false;
}

int RunMutations(const Arguments& arguments) {
  int tried = 0;
  int missed = 0;
  for (int i = 1; i <= kMutationCount; ++i) {
    const Mutation& mutation = kMutations[i - 1];
    if (arguments.mutation != "all" && arguments.mutation != mutation.name) continue;
    if (i % arguments.shares != arguments.share) continue;
    sahpool_mutation = i;
    ++tried;
    missed += IsNoticed(mutation, arguments) ? 0 : 1;
    std::fflush(stdout);
  }
  std::printf("%d seeded defects, %d missed\n", tried, missed);
  return tried > 0 && missed == 0 ? 0 : 1;
}

// A failed assertion, of SQLite or of the core, is a violation too.
void OnAbort(int /*signal*/) {
  std::printf("VIOLATION with seed %llu: aborted\n",
              static_cast<unsigned long long>(Campaign::running_seed));
  std::fflush(stdout);
}

void PrintLog(void* /*context*/, int code, const char* message) {
  std::printf("  SQLite: %s (%d)\n", message, code);
}

int Replay(const Arguments& arguments) {
  sqlite3_config(SQLITE_CONFIG_LOG, PrintLog, nullptr);
  Ordeal ordeal = Ordeal::kNone;
  for (const Ordeal one : {Ordeal::kCrashes, Ordeal::kFaults}) {
    if (arguments.replay == NameOf(one)) ordeal = one;
  }
  for (int i = 1; i <= kMutationCount; ++i) {
    if (arguments.mutation == kMutations[i - 1].name) sahpool_mutation = i;
  }
  Campaign campaign(ordeal, arguments.operations);
  const std::string problem = campaign.RunOne(arguments.seed, arguments.only, true);
  std::printf("%s\n", problem.empty() ? "nothing is wrong" : problem.c_str());
  return problem.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Runs SQLite on simulated pools that crash and fail, and checks what is left.");
  app.add_option("--crashes", arguments.crashes, "crash states to judge")->capture_default_str();
  app.add_option("--faults", arguments.faults, "faults to inject")->capture_default_str();
  app.add_option("--seed", arguments.seed, "of the first workload")->capture_default_str();
  app.add_option("--operations", arguments.operations, "of a workload with crashes")
      ->capture_default_str();
  app.add_option("--replay", arguments.replay, "runs one seed and says what it does")
      ->check(CLI::IsMember({"none", "crashes", "faults"}));
  app.add_option("--only", arguments.only, "operations to replay, all by default")->delimiter(',');
  if (kMutationCount > 0) {
    app.add_option("--mutation", arguments.mutation, "a seeded defect by name, or all of them");
    app.add_option("--share", arguments.share, "which of --shares of the defects, from 0");
    app.add_option("--shares", arguments.shares, "between how many processes defects are shared")
        ->check(CLI::PositiveNumber);
  }
  CLI11_PARSE(app, argc, argv);

  AllocationFaults::Install();
  std::signal(SIGABRT, OnAbort);
  if (!arguments.replay.empty()) return Replay(arguments);
  if (!arguments.mutation.empty()) return RunMutations(arguments);
  const bool crashes_pass = RunCampaign(Ordeal::kCrashes, arguments.crashes, arguments);
  std::fflush(stdout);
  const bool faults_pass = RunCampaign(Ordeal::kFaults, arguments.faults, arguments);
  return crashes_pass && faults_pass ? 0 : 1;
}

}  // namespace
}  // namespace sahpool::testing

int main(int argc, char** argv) { return sahpool::testing::Main(argc, argv); }
