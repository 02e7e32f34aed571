// A file that is open for reading, and what was known of it then.
//
// Threads: none of its own. Ownership: closes its descriptor; can be moved, not copied.
// Errors: none; a descriptor of -1 is no file.
#ifndef SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_
#define SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_

#include <sys/stat.h>

#include "native/descriptor.h"

namespace sahpool::serve {

struct OpenFile {
  Descriptor descriptor;
  struct stat status = {};
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_
