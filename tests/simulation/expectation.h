// What a simulated database may hold after a crash, as a workload goes on.
//
// Threads: none; plain values.
#ifndef SAHPOOL_TESTS_SIMULATION_EXPECTATION_H_
#define SAHPOOL_TESTS_SIMULATION_EXPECTATION_H_

#include <algorithm>
#include <array>
#include <vector>

#include "content.h"
#include "operation.h"

namespace sahpool::testing {

struct Expectation {
  // Of each database, oldest first: what was committed, from the last commit on that promised to
  // last, and what a commit in progress or a failed one would make of it.
  std::array<std::vector<ContentPtr>, kDatabaseCount> permitted;

  // A commit in progress over several databases, in rollback-journal modes: all of them have their
  // new content, or none has. Null where a database takes no part.
  std::array<ContentPtr, kDatabaseCount> together{};

  // A host that failed in the middle of a header, and then crashed, may have left one that can't be
  // believed: then a database may have to be recovered from quarantine, but with all it held.
  bool may_need_recovery = false;

  bool Permits(std::size_t database, const Content& content) const {
    return std::ranges::any_of(permitted[database],
                               [&](const ContentPtr& one) { return *one == content; });
  }

  // Whether a commit over several databases happened in one of them and not in another.
  bool IsTornApart(const std::array<Content, kDatabaseCount>& found) const {
    bool some_new = false;
    bool some_old = false;
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      if (!together[i]) continue;
      (*together[i] == found[i] ? some_new : some_old) = true;
    }
    return some_new && some_old;
  }
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_EXPECTATION_H_
