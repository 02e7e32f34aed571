// The side module's ABI, called in any order that src/abi/abi.h allows, on pools that are empty,
// attached, started, registered or ended, with connections, imports and exports under way, over a
// host that fails and miscounts. No call does harm; an error has a text; what an import has
// delivered is what an export gives; at the end all can be taken down.

#include "abi_session.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::Session session(input);
  for (int steps = 0; steps < 200 && input.remaining_bytes() > 0; ++steps) session.Step();
  return 0;
}
