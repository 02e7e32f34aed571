// The calls of the system by which a pool's files are made, opened, changed and made durable, each
// as it stands in POSIX: a test puts its own in their place, to see what is asked for and in which
// order, and to let it fail.
//
// Threads: any; an implementation says what it needs. Ownership: none. Errors: as of the system, in
// errno.
#ifndef SAHPOOL_NATIVE_POSIX_CALLS_H_
#define SAHPOOL_NATIVE_POSIX_CALLS_H_

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

namespace sahpool {

class PosixCalls {
 public:
  virtual int Open(int folder, const char* name, int flags, mode_t mode) {
    return openat(folder, name, flags, mode);
  }
  virtual ssize_t Read(int descriptor, void* into, std::size_t count, off_t offset) {
    return pread(descriptor, into, count, offset);
  }
  virtual ssize_t Write(int descriptor, const void* from, std::size_t count, off_t offset) {
    return pwrite(descriptor, from, count, offset);
  }
  virtual int Truncate(int descriptor, off_t size) { return ftruncate(descriptor, size); }
  virtual int Flush(int descriptor) { return fsync(descriptor); }
  virtual int Lock(int descriptor, int operation) { return flock(descriptor, operation); }
  virtual int Remove(int folder, const char* name, int flags) {
    return unlinkat(folder, name, flags);
  }
  virtual int MakeFolder(const char* path, mode_t mode) { return mkdir(path, mode); }

 protected:
  ~PosixCalls() = default;  // nobody owns one as such
};

// The system itself.
inline PosixCalls& SystemCalls() {
  class System final : public PosixCalls {};
  static constinit System system;
  return system;
}

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_POSIX_CALLS_H_
