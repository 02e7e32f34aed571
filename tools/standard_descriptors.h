// The descriptors 0, 1 and 2 of a program, which whoever started it may have closed: then the next
// file to be opened would get their numbers, and a message meant for people would go into it.
//
// Threads: before there are any. Errors: none.
#ifndef SAHPOOL_TOOLS_STANDARD_DESCRIPTORS_H_
#define SAHPOOL_TOOLS_STANDARD_DESCRIPTORS_H_

#include <fcntl.h>
#include <unistd.h>

namespace sahpool {

// First of all in main(). What is missing can't be used afterwards either: reading from 0 and
// writing to 1 and 2 fail as before.
inline void OccupyStandardDescriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest number that is free, which is this one.
    if (open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

}  // namespace sahpool

#endif  // SAHPOOL_TOOLS_STANDARD_DESCRIPTORS_H_
