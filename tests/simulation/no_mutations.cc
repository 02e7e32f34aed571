#include "mutations.h"

int sahpool_mutation = 0;

namespace sahpool::testing {

const int kMutationCount = 0;
const Mutation kMutations[] = {{"", 1}};

}  // namespace sahpool::testing
