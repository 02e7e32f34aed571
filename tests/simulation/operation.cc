#include "operation.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "image_checks.h"
#include "scenes.h"

namespace sahpool::testing {
namespace {

using WeightedAction = std::pair<Action, std::size_t>;

// Writing and committing most; each of the others often enough to meet all of the rest.
constexpr std::array kWeights = std::to_array<WeightedAction>({
    {Action::kOpen, 8},
    {Action::kClose, 4},
    {Action::kJournalMode, 4},
    {Action::kSynchronous, 2},
    {Action::kBegin, 12},
    {Action::kCommit, 14},
    {Action::kRollback, 4},
    {Action::kSavepoint, 4},
    {Action::kRelease, 2},
    {Action::kRollbackTo, 3},
    {Action::kInsert, 22},
    {Action::kUpdate, 12},
    {Action::kDelete, 7},
    {Action::kRead, 6},
    {Action::kSort, 2},
    {Action::kVacuum, 2},
    {Action::kIncrementalVacuum, 2},
    {Action::kCheckpoint, 4},
    {Action::kAddCapacity, 2},
    {Action::kReduceCapacity, 2},
    {Action::kUnlink, 3},
    {Action::kImport, 4},
    {Action::kAbortImport, 1},
    {Action::kExport, 4},
    {Action::kPause, 2},
    {Action::kKill, 3},
    {Action::kCrash, 2},
});

constexpr std::array kJournalModes = {"delete", "truncate", "persist", "wal"};

Action DrawAction(Random& random) {
  std::size_t total = 0;
  for (const auto& [action, weight] : kWeights) total += weight;
  std::size_t ticket = random.Below(total);
  for (const auto& [action, weight] : kWeights) {
    if (ticket < weight) return action;
    ticket -= weight;
  }
  return Action::kRead;
}

std::uint32_t Draw(Random& random) { return static_cast<std::uint32_t>(random.Below(1U << 31)); }

const char* NameOf(Action action) {
  switch (action) {
    case Action::kOpen:
      return "open";
    case Action::kClose:
      return "close";
    case Action::kJournalMode:
      return "journal_mode";
    case Action::kSynchronous:
      return "synchronous";
    case Action::kBegin:
      return "begin";
    case Action::kCommit:
      return "commit";
    case Action::kRollback:
      return "rollback";
    case Action::kSavepoint:
      return "savepoint";
    case Action::kRelease:
      return "release";
    case Action::kRollbackTo:
      return "rollback to";
    case Action::kInsert:
      return "insert";
    case Action::kUpdate:
      return "update";
    case Action::kDelete:
      return "delete";
    case Action::kRead:
      return "read";
    case Action::kSort:
      return "sort";
    case Action::kVacuum:
      return "vacuum";
    case Action::kIncrementalVacuum:
      return "incremental vacuum";
    case Action::kCheckpoint:
      return "checkpoint";
    case Action::kAddCapacity:
      return "add capacity";
    case Action::kReduceCapacity:
      return "reduce capacity";
    case Action::kUnlink:
      return "unlink";
    case Action::kImport:
      return "import";
    case Action::kAbortImport:
      return "abort import";
    case Action::kExport:
      return "export";
    case Action::kPause:
      return "pause";
    case Action::kKill:
      return "kill";
    case Action::kCrash:
      return "crash";
    case Action::kFill:
      return "fill the disk";
  }
  return "?";
}

}  // namespace

Workload DrawWorkload(std::uint64_t seed, std::size_t operation_count) {
  Random random(seed);
  Workload workload;
  workload.settings = {
      .page_size = random.Among({512, 1024, 4096}),
      .auto_vacuum = random.Among({0, 0, 1, 2}),
      .cache_pages = random.Among({2, 5, 10, 100}),
      .wal_autocheckpoint = random.Among({3, 20, 1000}),
      .capacity = random.Among({7, 9, 12}),
      .journal_mode = kJournalModes[random.Below(kJournalModes.size())],
  };
  for (std::size_t connection = 0; connection < kConnectionCount; ++connection) {
    workload.operations.push_back({Action::kOpen, connection, random.Below(kDatabaseCount),
                                   Draw(random), Draw(random), Draw(random)});
  }
  // In some workloads one connection only reads, in long transactions, what the other one changes.
  const bool has_reader = random.OneIn(4);
  const std::size_t scene_rarity = random.Among<std::size_t>({4, 24});
  while (workload.operations.size() < operation_count) {
    if (random.OneIn(scene_rarity)) {
      std::ranges::copy(DrawScene(random), std::back_inserter(workload.operations));
      continue;
    }
    // One connection does more than the other, so that transactions get somewhere.
    const std::size_t connection = random.OneIn(4) ? 1 : 0;
    Action action = DrawAction(random);
    if (has_reader && connection == 1) {
      action = random.Among({Action::kBegin, Action::kRead, Action::kRead, Action::kRead,
                             Action::kRead, Action::kCommit});
    }
    // What a killed process left is met by more than the next open of a database.
    if (workload.operations.back().action == Action::kKill && random.OneIn(2)) {
      action = random.Among({Action::kImport, Action::kReduceCapacity});
    }
    workload.operations.push_back({action, connection, random.Below(kDatabaseCount), Draw(random),
                                   Draw(random), Draw(random)});
  }
  workload.operations.resize(operation_count);
  return workload;
}

std::string Describe(const Settings& settings) {
  return "page_size " + std::to_string(settings.page_size) + ", auto_vacuum " +
         std::to_string(settings.auto_vacuum) + ", cache_size " +
         std::to_string(settings.cache_pages) + ", wal_autocheckpoint " +
         std::to_string(settings.wal_autocheckpoint) + ", capacity " +
         std::to_string(settings.capacity) + ", journal_mode " + settings.journal_mode;
}

std::string Describe(const Operation& operation) {
  return std::string(NameOf(operation.action)) + " (connection " +
         std::to_string(operation.connection) + ", database " + std::to_string(operation.database) +
         ", " + std::to_string(operation.a) + ", " + std::to_string(operation.b) + ", " +
         std::to_string(operation.c) + ")";
}

Change ChangeOf(const Operation& operation) {
  constexpr std::array<std::uint32_t, 4> kSizes = {10, 120, 700, 5000};
  return {.table = (operation.a >> 8U) % kTableCount,
          .first_key = operation.a % 40,
          .count = 1 + operation.b % 7,
          .size = kSizes[operation.c % kSizes.size()] + (operation.c >> 4U) % 50};
}

Content ImportedContent(const Operation& operation) {
  Content content;
  const std::int64_t count = operation.a % 25;
  for (std::int64_t key = 0; key < count; ++key) {
    // Versions of their own: no transaction of the workload makes such rows.
    content[static_cast<std::size_t>(key) % kTableCount][key] = {
        .version = 1'000'000 + operation.a % 1000, .size = 50 + operation.b % 400};
  }
  return content;
}

std::string JournalModeOf(const Operation& operation) {
  return kJournalModes[operation.a % kJournalModes.size()];
}

int SynchronousOf(const Operation& operation) {
  constexpr std::array kLevels = {1, 2, 2, 3, 0};
  return kLevels[operation.a % kLevels.size()];
}

}  // namespace sahpool::testing
