// Short sequences of operations, drawn for workloads, each of which leads to a place that
// operations drawn one by one seldom come to.
//
// Threads: pure functions.
#ifndef SAHPOOL_TESTS_SIMULATION_SCENES_H_
#define SAHPOOL_TESTS_SIMULATION_SCENES_H_

#include <vector>

#include "image_checks.h"
#include "operation.h"

namespace sahpool::testing {

std::vector<Operation> DrawScene(Random& random);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_SCENES_H_
