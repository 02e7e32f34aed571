// A name for the VFS of a pool of which a test makes thousands.
//
// What SQLite has of a VFS outlives its pool (vfs/pool_vfs.h), one for each name: names that were
// never used again would make every new pool look through those of all before it.
// Threads: any.
#ifndef SAHPOOL_TESTS_NATIVE_VFS_NAME_H_
#define SAHPOOL_TESTS_NATIVE_VFS_NAME_H_

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sahpool::testing {

// Nobody else's while it exists; it has to outlive the VFS.
class VfsName {
 public:
  VfsName() {
    const std::lock_guard guard(mutex_);
    if (unused_.empty()) {
      text_ = "again-and-again-" + std::to_string(++count_);
    } else {
      text_ = std::move(unused_.back());
      unused_.pop_back();
    }
  }
  ~VfsName() {
    const std::lock_guard guard(mutex_);
    unused_.push_back(std::move(text_));
  }
  VfsName(const VfsName&) = delete;
  VfsName& operator=(const VfsName&) = delete;

  const std::string& text() const { return text_; }

 private:
  static inline std::mutex mutex_;
  static inline std::vector<std::string> unused_;
  static inline int count_ = 0;

  std::string text_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_VFS_NAME_H_
