// Opens a pool from what a crash has left, and says what is wrong with it.
//
// Threads: none. Works on a disk and a pool of its own, so it may be called from inside a call of
// the pool that crashes.
#ifndef SAHPOOL_TESTS_SIMULATION_JUDGE_H_
#define SAHPOOL_TESTS_SIMULATION_JUDGE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "expectation.h"
#include "fault_storage.h"

namespace sahpool::testing {

// The names of the databases of every workload.
inline constexpr std::array<std::string_view, kDatabaseCount> kDatabaseNames = {"/app.db",
                                                                                "/dir/other.db"};
inline std::string Path(std::size_t database) { return std::string(kDatabaseNames[database]); }

// Empty when all is well. `seed` decides which of the costly checks are made: a crash in the middle
// of the recovery itself, an export compared with what SQLite reads, and a commit after it.
// `states` rises with every state that was judged.
std::string Judge(const SlotBytes& survivors, const Expectation& expectation, std::uint64_t seed,
                  std::uint64_t& states);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_JUDGE_H_
