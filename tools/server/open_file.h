// A file that is open for reading, and what was known of it then.
//
// Threads: none of its own. Ownership: closes its descriptor; can be moved, not copied.
// Errors: none; a descriptor of -1 is no file.
#ifndef SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_
#define SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace sahpool::serve {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

struct OpenFile {
  Descriptor descriptor;
  struct stat status = {};
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_OPEN_FILE_H_
