// What a database has beside its bytes: a record of its last commit in its slot (format/annex.h),
// with which the bytes of that commit go out, and by which its journal is void.
//
// Threads: none of its own; the pool's owner serialises calls. Ownership: the bytes outlive it.
// Errors: those of the slot's medium.
#ifndef SAHPOOL_FILE_COMMIT_RECORDING_H_
#define SAHPOOL_FILE_COMMIT_RECORDING_H_

#include <cstdint>

#include "file/file_bytes.h"
#include "sahpool/status.h"

namespace sahpool {

class CommitRecording {
 public:
  explicit CommitRecording(FileBytes& bytes) : bytes_(bytes) {}

  // When a new journal has begun, of which the database holds no changes yet, or when the slot is
  // to hold something else.
  void Reset() {
    record_ = Record::kNone;
    has_changes_ = false;
    journal_digest_ = 0;
  }
  // What is kept back is all that the transaction changes, and it is undone by the journal with
  // that seal: the next HandOver() says so in the slot. Without effect where that can't be said.
  void CommitWith(std::uint64_t journal_digest) { journal_digest_ = journal_digest; }
  // Hands over what is kept back, with a commit record when that was asked for and is possible.
  Status HandOver();
  // Before a write: a complete record is voided first, since it does not know of those bytes.
  Status BeforeWrite() { return record_ == Record::kComplete ? VoidRecord() : Status(); }
  // Before a change that is not handed over by HandOver(), or without a record: when the
  // transaction goes on, or goes wrong, after its record was written, that must not vouch for what
  // it does not know of. Durable.
  Status VoidRecord();
  // Whether the last flush has made all of that durable.
  bool has_committed(std::uint64_t journal_digest) const {
    return record_ == Record::kComplete && !bytes_.slot().medium().is_dirty() &&
           bytes_.kept().empty() && journal_digest_ == journal_digest;
  }
  // Of a start: whether the database is, byte by byte, as the transaction of that journal left it.
  Status CheckCommitOf(std::uint64_t journal_digest, bool& is_committed);

 private:
  // Of the transaction, in the slot.
  enum class Record : std::uint8_t {
    kNone,
    kInDoubt,   // it, or a part of it; the database may hold more or less than it says
    kComplete,  // it and its pages have been handed over, and nothing since
  };

  FileBytes& bytes_;
  Record record_ = Record::kNone;
  bool has_changes_ = false;  // something of the transaction was handed over
  std::uint64_t journal_digest_ = 0;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_COMMIT_RECORDING_H_
