// The bytes of a file: those that its slot has behind the header, and over them those that were
// written and are kept back (file/write_buffer.h).
//
// What is kept back goes out by HandOver(), and stays kept when that fails, until ForgetKept().
// Reads and size() see it; Cut(), Write() and the slot's Flush() do not. Threads: none of its own;
// the pool's owner serialises calls. Ownership: owns the slot; the context outlives it. Errors:
// those of the slot's medium.
#ifndef SAHPOOL_FILE_FILE_BYTES_H_
#define SAHPOOL_FILE_FILE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "file/file_context.h"
#include "file/write_buffer.h"
#include "format/byte_source.h"
#include "sahpool/status.h"
#include "slot/slot.h"
#include "storage/metered_handle.h"

namespace sahpool {

class FileBytes final : public ByteSource {
 public:
  FileBytes(std::unique_ptr<StorageHandle>&& handle, std::unique_ptr<char[]>&& slot_name,
            FileContext& context, File& file)
      : context_(context),
        slot_(std::move(handle), std::move(slot_name), context.meter, context.lists, file) {}

  FileContext& context() { return context_; }

  Slot& slot() { return slot_; }
  const Slot& slot() const { return slot_; }

  std::int64_t size() const override;
  // Fills all of `into`; a range past the end is an error.
  Status Read(std::span<std::byte> into, std::int64_t offset) override;

  // Of what was handed over.
  std::int64_t stored_size() const;
  // From now on the file ends there, or before, whatever is left in the slot behind it.
  void EndAt(std::int64_t size);
  void EndWithSlot() { end_ = kNoEnd; }
  // Cuts off what is left in the slot behind the file.
  Status CutLeftovers();
  // Sets the size of what was handed over, cutting off or extending with zeros.
  Status Cut(std::int64_t size);
  // Writes past what is kept back.
  Status Write(std::span<const std::byte> bytes, std::int64_t offset);

  // What is kept back; its Put() keeps bytes back.
  WriteBuffer& kept() { return kept_; }
  const WriteBuffer& kept() const { return kept_; }
  // Forgets what lies at `size` and behind it; whether what is kept back is the file's end now.
  bool CutKept(std::int64_t size);
  void ForgetKept();
  // Of a transaction that can only be undone: what could not be handed over need not be any more,
  // but can be read until it is forgotten or cut off.
  void GiveUpKept() { is_given_up_ = !kept_.empty(); }
  bool is_given_up() const { return is_given_up_; }
  // What was kept back must have been handed over, or is forgotten.
  void StopKeeping();

  // Hands over what is kept back, with `prefix` directly before the file's first byte; with
  // `beginning_last` from the last extent to the first.
  Status HandOver(std::span<const std::byte> prefix, bool beginning_last = false);

 private:
  static constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

  bool has_leftovers() const { return slot_.medium().size() > kSlotDataOffset + stored_size(); }
  Status ReadStored(std::span<std::byte> into, std::int64_t offset);

  FileContext& context_;
  WriteBuffer kept_;
  bool is_given_up_ = false;
  std::int64_t end_ = kNoEnd;
  Slot slot_;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_FILE_BYTES_H_
