#include "file/commit_recording.h"

#include <array>
#include <span>

#include "file/annex_reader.h"
#include "format/annex.h"
#include "format/digest64.h"

namespace sahpool {

Status CommitRecording::HandOver() {
  const auto extents = bytes_.kept().extents();
  const bool can_record =
      journal_digest_ != 0 && !has_changes_ && extents.size() <= CommitRecord::kMaxRuns;
  if (Status s = VoidRecord(); !s.ok()) return s;
  if (!can_record) {
    journal_digest_ = 0;
    return bytes_.HandOver({});
  }
  CommitRecord record{.journal_digest = journal_digest_, .database_size = bytes_.size()};
  for (const WriteBuffer::Extent& extent : extents) {
    const auto bytes = bytes_.kept().BytesOf(extent);
    record.runs[static_cast<std::size_t>(record.run_count++)] = {
        .offset = extent.offset, .size = static_cast<std::int64_t>(bytes.size())};
    record.digest = Digest64(bytes, record.digest);
  }
  record.Close();
  record_ = Record::kInDoubt;
  Status handed_over = bytes_.HandOver(std::as_bytes(std::span(&record, 1)));
  if (handed_over.ok()) record_ = Record::kComplete;
  return handed_over;
}

Status CommitRecording::VoidRecord() {
  has_changes_ = true;
  if (record_ == Record::kNone) return {};
  record_ = Record::kInDoubt;
  const std::array<std::byte, 8> nothing{};
  if (Status s = bytes_.Write(nothing, kAnnexOffset - kSlotDataOffset); !s.ok()) return s;
  if (Status s = bytes_.slot().Flush(); !s.ok()) return s;
  record_ = Record::kNone;
  journal_digest_ = 0;
  return {};
}

Status CommitRecording::CheckCommitOf(std::uint64_t journal_digest, bool& is_committed) {
  CommitRecord record;
  if (Status s = ReadAnnex(bytes_, std::as_writable_bytes(std::span(&record, 1))); !s.ok()) {
    return s;
  }
  is_committed = record.is_valid() && record.journal_digest == journal_digest &&
                 record.database_size == bytes_.size();
  std::uint64_t digest = 0;
  for (std::size_t i = 0; is_committed && i < record.run_count; ++i) {
    const auto& [offset, run_size] = record.runs[i];
    if (Status s = AddToDigest(bytes_, offset, run_size, digest, is_committed); !s.ok()) return s;
  }
  is_committed = is_committed && digest == record.digest;
  return {};
}

}  // namespace sahpool
