// Runs workloads, one for each seed, with crashes or with faults, until enough has been tried or
// something is wrong; then finds the fewest operations that show it.
//
// Threads: none. Deterministic: a seed always gives the same run.
#ifndef SAHPOOL_TESTS_SIMULATION_CAMPAIGN_H_
#define SAHPOOL_TESTS_SIMULATION_CAMPAIGN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operation.h"

namespace sahpool::testing {

enum class Ordeal : std::uint8_t {
  kNone,     // only what the connections see is compared with the model
  kCrashes,  // at every change of the disk
  kFaults,   // of calls of the host and of allocations, one after the other
};

struct Tally {
  std::uint64_t workloads = 0;
  std::uint64_t crash_states = 0;
  std::uint64_t faults = 0;
  std::map<std::string, std::uint64_t> by_journal_mode = {};  // of what the ordeal is about
};

struct Violation {
  std::uint64_t seed = 0;
  std::string problem;
  std::vector<std::size_t> operations;  // places in the workload that are needed to show it
};

class Campaign {
 public:
  Campaign(Ordeal ordeal, std::size_t operation_count)
      : ordeal_(ordeal), operation_count_(operation_count) {}

  // Runs the workloads of the seeds from `first_seed` on, until the tally of what the ordeal is
  // about reaches `goal`. The first violation ends it.
  std::optional<Violation> Run(std::uint64_t first_seed, std::uint64_t goal);

  // Runs the workload of one seed, reduced to these operations (all of them when there are none).
  // Empty when nothing is wrong. With `is_verbose` says what is done.
  std::string RunOne(std::uint64_t seed, const std::vector<std::size_t>& operations,
                     bool is_verbose = false);

  // Leaves out of the violation's operations what is not needed to show one.
  void Shrink(Violation& violation);

  const Tally& tally() const { return tally_; }

  // The seed of the workload that RunOne() of any campaign runs or ran last.
  inline static std::uint64_t running_seed = 0;

 private:
  std::uint64_t Progress() const {
    if (ordeal_ == Ordeal::kNone) return tally_.workloads;
    return ordeal_ == Ordeal::kCrashes ? tally_.crash_states : tally_.faults;
  }
  std::string RunUndisturbed(const Workload& workload, std::uint64_t seed, bool is_verbose);
  std::string RunWithCrashes(const Workload& workload, std::uint64_t seed, bool is_verbose);
  std::string RunWithFaults(const Workload& workload, std::uint64_t seed, bool is_verbose);

  Ordeal ordeal_;
  std::size_t operation_count_;
  Tally tally_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_CAMPAIGN_H_
