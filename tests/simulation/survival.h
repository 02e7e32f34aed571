// What of a disk's unflushed past survives one crash: draws from what FaultDisk's model allows.
//
// Threads: none. Deterministic: the same disk, pattern and random numbers give the same bytes.
#ifndef SAHPOOL_TESTS_SIMULATION_SURVIVAL_H_
#define SAHPOOL_TESTS_SIMULATION_SURVIVAL_H_

#include <cstdint>

#include "fault_storage.h"
#include "image_checks.h"

namespace sahpool::testing {

enum class Survival : std::uint8_t {
  kAll,        // everything arrived: a killed process
  kNone,       // only what was flushed
  kPrefix,     // everything up to some moment and nothing after it
  kSlots,      // of each slot all or nothing
  kAllButOne,  // one change of one slot is lost
  kOnlyOne,    // one change of one slot is kept
  kRandom,     // each change kept, lost or torn on its own
  kReordered,  // the same, and in another order
};
inline constexpr int kSurvivalCount = 8;

const char* NameOf(Survival pattern);

// Whether the disk has anything that a crash could take away.
bool HasUnflushed(const FaultDisk& disk);
// The same of the bytes of slots alone.
bool HasUnflushedChanges(const FaultDisk& disk);

SlotBytes Survivors(const FaultDisk& disk, Survival pattern, Random& random);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_SURVIVAL_H_
