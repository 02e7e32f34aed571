// The seeded defects of this build: none, or in the build with defects those of mutations.cmake.
//
// Threads: none. sahpool_mutation is the number of the one that is switched on, from 1; 0 is none.
#ifndef SAHPOOL_TESTS_SIMULATION_MUTATIONS_H_
#define SAHPOOL_TESTS_SIMULATION_MUTATIONS_H_

extern int sahpool_mutation;

namespace sahpool::testing {

extern const int kMutationCount;

struct Mutation {
  const char* name;
  // Where to begin: those that few workloads show are looked for from one on that does.
  unsigned long long first_seed;
};
extern const Mutation kMutations[];

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_MUTATIONS_H_
