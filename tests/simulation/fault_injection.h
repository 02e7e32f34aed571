// Lets one call of the host or one allocation after the other fail while a session runs, and
// checks that SQLite is told the right thing.
//
// Threads: none. The session outlives it.
#ifndef SAHPOOL_TESTS_SIMULATION_FAULT_INJECTION_H_
#define SAHPOOL_TESTS_SIMULATION_FAULT_INJECTION_H_

#include <cstdint>
#include <string>

#include "fault_storage.h"
#include "image_checks.h"
#include "operation.h"
#include "session.h"

namespace sahpool::testing {

class FaultInjection {
 public:
  FaultInjection(Session& session, std::uint64_t seed);
  ~FaultInjection();
  FaultInjection(const FaultInjection&) = delete;
  FaultInjection& operator=(const FaultInjection&) = delete;

  // Arms the next fault, unless one is still waiting for its call.
  void Before(const Operation& operation);
  // Whether a fault came to pass since Before(); then it is over.
  bool After();

  // Whether it was that the disk is full: then no header is torn.
  bool IsFullDisk() const { return is_of_disk_ && fault_.quota.has_value(); }
  // Whether it is full now.
  bool HasFullDisk() const { return is_armed_ && IsFullDisk() && session_.disk().has_hit(); }

  // For messages: the last fault.
  std::string Description() const { return description_; }

 private:
  void ArmAllocation();
  void ArmDisk();
  void ArmFullDisk();
  bool AfterFullDisk();

  Session& session_;
  Random random_;
  bool is_armed_ = false;
  Fault fault_;
  bool is_of_disk_ = false;
  bool forbids_failures_ = false;
  Action action_ = Action::kRead;
  std::size_t operations_left_ = 0;  // until a full disk has room again
  std::string description_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_FAULT_INJECTION_H_
