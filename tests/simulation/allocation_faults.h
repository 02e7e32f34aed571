// Makes the nth allocation fail: those of the core, which all are `new (std::nothrow)`, and those
// of SQLite. Allocations of the harness itself are left alone.
//
// Threads: none; the state is the process's.
#ifndef SAHPOOL_TESTS_SIMULATION_ALLOCATION_FAULTS_H_
#define SAHPOOL_TESTS_SIMULATION_ALLOCATION_FAULTS_H_

#include <cstdint>

namespace sahpool::testing {

class AllocationFaults {
 public:
  enum class Of : std::uint8_t { kCore, kSqlite };

  // Once, before SQLite's first use.
  static void Install();

  static void Arm(Of of, std::uint64_t nth);
  static void Disarm();
  static bool has_hit();

  // While it lives, allocations are the harness's own and succeed.
  class Suspended {
   public:
    Suspended();
    ~Suspended();
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;
  };
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_ALLOCATION_FAULTS_H_
