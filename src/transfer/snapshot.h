// A consistent image of one file, for export: of a database what is committed, with its journal and
// WAL taken into account; of any other file its bytes.
//
// The image is that of the moment of Open(). Once anything has changed what it is made of, each
// read is kBusy; its files are watched, by which who could change them knows. Threads: none of its
// own; as its Pool. Ownership: the pool outlives the snapshot, which pins the file. Errors:
// Status.
#ifndef SAHPOOL_TRANSFER_SNAPSHOT_H_
#define SAHPOOL_TRANSFER_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "format/committed_image.h"
#include "pool/pool.h"
#include "sahpool/status.h"

namespace sahpool {

class Snapshot {
 public:
  static Result<std::unique_ptr<Snapshot>> Open(Pool& pool, File& file);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  std::int64_t size() const { return is_database_ ? image_.size() : file_.size(); }
  // Fills all of `into`; a range past the end is an error.
  Status Read(std::span<std::byte> into, std::int64_t offset);

  const CommittedImage& image() const { return image_; }

  // Whether the image differs from the bytes of the file itself.
  bool differs_from_file() const { return is_database_ && !image_.is_database_itself(); }

 private:
  Snapshot(const FileContext& context, File& file);

  const FileContext& context_;
  File& file_;
  // Those that the image reads.
  File* journal_ = nullptr;
  File* wal_ = nullptr;
  bool is_database_ = false;
  CommittedImage image_;
  std::int64_t changes_;
};

}  // namespace sahpool

#endif  // SAHPOOL_TRANSFER_SNAPSHOT_H_
