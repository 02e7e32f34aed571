// The bytes of one slot, header included: calls the handle, judges every count and failure of it,
// and knows what of the bytes is there, not flushed, or in doubt.
//
// Threads: none of its own; the pool's owner serialises calls.
// Ownership: owns the handle. The meter of the handle, `unsettled_count`, and the names that its
// errors tell outlive it.
// Errors: Status with the host's text behind what was tried and whose slot it was.
#ifndef SAHPOOL_SLOT_SLOT_MEDIUM_H_
#define SAHPOOL_SLOT_SLOT_MEDIUM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "format/file_name.h"
#include "format/slot_header.h"
#include "sahpool/status.h"
#include "storage/metered_handle.h"

namespace sahpool {

// Where the header stands that a slot should have.
enum class HeaderState : std::uint8_t {
  kWritten,
  kPending,        // the last attempt to write it failed; Flush() tries again
  kGoesWithBytes,  // whoever hands over the file's first bytes writes it with them
  kInDoubt,        // the same, after an attempt to write another: what stands there is not known
};

class SlotMedium {
 public:
  // `unsettled_count` is one more while this is doubtful.
  SlotMedium(std::unique_ptr<StorageHandle>&& handle, StorageMeter& meter,
             std::int32_t& unsettled_count)
      : handle_(std::move(handle), meter), unsettled_count_(unsettled_count) {}
  ~SlotMedium() { SetDoubtful(false); }
  SlotMedium(const SlotMedium&) = delete;
  SlotMedium& operator=(const SlotMedium&) = delete;

  StorageHandle& handle() { return handle_.inner(); }
  // What errors call it: by its file, or where that is null by the slot's own name.
  void Name(std::string_view slot_name, const FileName* file) {
    slot_name_ = slot_name;
    file_ = file;
  }

  // Asks for the size and reads as much of a header as there is. What a killed process has left can
  // be seen, and a power loss can still take it away: until the first Flush() all of it is
  // doubtful.
  Status Open();

  // Of what was handed over.
  std::int64_t size() const { return size_; }
  // By how much it is longer than at the last flush.
  std::int64_t growth() const { return size_ - flushed_size_; }
  // Whether something was written since the last flush.
  bool is_dirty() const { return is_dirty_; }
  // Whether it was not flushed since Open(), or since a call that failed.
  bool is_doubtful() const { return is_doubtful_; }
  // Whether it is known to hold a free slot's header and no bytes, of which some may be in doubt.
  bool looks_empty() const {
    return is_size_known_ && size_ == kSlotDataOffset && header_ == EncodeFreeHeader();
  }

  // As it should stand in the slot.
  const SlotHeaderBytes& header() const { return header_; }
  HeaderState header_state() const { return header_state_; }
  void SetHeader(const SlotHeaderBytes& header, HeaderState state) {
    header_ = header;
    header_state_ = state;
  }
  // Writes `header` and keeps it as the slot's, or puts the old one back: a torn header must not be
  // what the next start finds.
  Status WriteHeader(const SlotHeaderBytes& header);

  // Fills all of `into`; a range past the end is an error.
  Status Read(std::span<std::byte> into, std::int64_t position);
  Status Write(std::span<const std::byte> bytes, std::int64_t position);
  Status Resize(std::int64_t size);
  // Where the size is not known, after a failed call, asks for it again.
  Status LearnSize();
  // Makes header and bytes durable. Costs nothing when nothing was written since the last flush.
  Status Flush();

 private:
  void SetDoubtful(bool is_doubtful);
  void NoteFailedChange();
  Status AskSize();
  Status Describe(const Status& cause, const char* action) const;

  MeteredHandle handle_;
  std::int32_t& unsettled_count_;
  std::string_view slot_name_;
  const FileName* file_ = nullptr;
  std::int64_t size_ = 0;
  std::int64_t flushed_size_ = 0;
  bool is_size_known_ = true;
  bool is_dirty_ = false;
  bool is_doubtful_ = false;
  HeaderState header_state_ = HeaderState::kWritten;
  SlotHeaderBytes header_{};
};

}  // namespace sahpool

#endif  // SAHPOOL_SLOT_SLOT_MEDIUM_H_
