// Who uses a file: connections and imports, which pin it, and snapshots, which also watch what they
// read.
//
// Threads: none of its own; the pool's owner serialises calls.
#ifndef SAHPOOL_FILE_FILE_USE_H_
#define SAHPOOL_FILE_FILE_USE_H_

#include <algorithm>
#include <cstdint>

namespace sahpool {

class FileUse {
 public:
  // `watched_changes` counts the changes of what is watched, in all files of a pool.
  explicit FileUse(std::int64_t& watched_changes) : watched_changes_(watched_changes) {}

  // While pinned, the file can't be deleted nor its slot removed.
  void Pin() { ++pins_; }
  void Unpin() { --pins_; }
  bool is_pinned() const { return pins_ > 0; }

  // While watched, changes of the file's first `size` bytes, or of whose they are, are counted. The
  // file's slot must not be destroyed meanwhile.
  void Watch(std::int64_t size) {
    ++watchers_;
    watched_size_ = std::max(watched_size_, size);
  }
  void Unwatch() {
    if (--watchers_ == 0) watched_size_ = 0;
  }
  bool is_watched() const { return watchers_ > 0; }
  void NoteChange(std::int64_t offset) {
    if (offset < watched_size_) ++watched_changes_;
  }

 private:
  std::int64_t& watched_changes_;
  std::int32_t pins_ = 0;
  std::int32_t watchers_ = 0;
  std::int64_t watched_size_ = 0;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_FILE_USE_H_
