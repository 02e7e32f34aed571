#include "mutations.h"

int sahpool_mutation = 0;

namespace sahpool::testing {

const int kMutationCount = 0;
const char* const kMutationNames[] = {""};
const bool kMutationIsRare[] = {false};

}  // namespace sahpool::testing
