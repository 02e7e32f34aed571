# Seeded defects: each replaces a piece of the core, in a copy of its sources, by one that is wrong
# while the defect is switched on. The simulation must notice every one of them.
#
# A piece must occur exactly once in its file, so that a change of the core that moves it away is
# noticed when the build is configured.

set(MUTATION_DIR ${CMAKE_CURRENT_BINARY_DIR}/mutated)
set(MUTATION_NAMES "")
set(MUTATION_ENTRIES "")
set(MUTATED_FILES "")

# @ON@ in `replacement` is whether the defect is switched on. Of one that few workloads show, the seed
# of such a workload follows, with which the search begins.
function(mutation name file original replacement)
  list(APPEND MUTATION_NAMES ${name})
  set(first_seed ${ARGN} 1)
  list(GET first_seed 0 first_seed)
  string(APPEND MUTATION_ENTRIES "\n    {\"${name}\", ${first_seed}},")
  set(MUTATION_ENTRIES "${MUTATION_ENTRIES}" PARENT_SCOPE)
  seed_piece(${file} "${original}" "${replacement}")
  set(MUTATION_NAMES ${MUTATION_NAMES} PARENT_SCOPE)
  set(MUTATED_FILES ${MUTATED_FILES} PARENT_SCOPE)
endfunction()

# Another piece of the defect before: of what protects from it as well.
function(together_with file original replacement)
  seed_piece(${file} "${original}" "${replacement}")
  set(MUTATED_FILES ${MUTATED_FILES} PARENT_SCOPE)
endfunction()

function(seed_piece file original replacement)
  list(LENGTH MUTATION_NAMES number)
  list(GET MUTATION_NAMES -1 name)
  set(copy ${MUTATION_DIR}/${file})
  if(NOT file IN_LIST MUTATED_FILES)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${file})
    file(READ ${PROJECT_SOURCE_DIR}/src/${file} content)
    set(content "extern int sahpool_mutation;\n${content}")
    list(APPEND MUTATED_FILES ${file})
  else()
    file(READ ${copy} content)
  endif()
  string(REPLACE "${original}" "" without "${content}")
  string(LENGTH "${content}" length)
  string(LENGTH "${without}" length_without)
  string(LENGTH "${original}" length_original)
  math(EXPR occurrences "(${length} - ${length_without}) / ${length_original}")
  if(NOT occurrences EQUAL 1)
    message(SEND_ERROR "mutation ${name}: ${occurrences} occurrences in src/${file} of: ${original}")
  endif()
  string(REPLACE "@ON@" "(sahpool_mutation == ${number})" replacement "${replacement}")
  string(REPLACE "${original}" "${replacement}" content "${content}")
  file(WRITE ${copy} "${content}")
  set(MUTATED_FILES ${MUTATED_FILES} PARENT_SCOPE)
endfunction()

# --- A flush is dropped. ---
mutation(sync-does-not-flush vfs/io_methods.cc
  [[if (const Status s = order.MakeDurable(self.file()); !s.ok()) {]]
  [[if (const Status s = @ON@ ? Status() : order.MakeDurable(self.file()); !s.ok()) {]])
mutation(new-file-is-not-flushed pool/pool.cc
  [[      status = slot.Flush();]]
  [[      if (!@ON@) status = slot.Flush();]])
mutation(reserved-slot-is-not-flushed pool/pool.cc
  [[if (Status s = slot.Flush(); !s.ok()) {]]
  [[if (Status s = @ON@ ? Status() : slot.Flush(); !s.ok()) {]])
mutation(temporary-database-is-not-flushed pool/pool.cc
  [[if (const Status marked = slot.Flush(); !marked.ok()) {]]
  [[if (const Status marked = @ON@ ? Status() : slot.Flush(); !marked.ok()) {]])
mutation(emptied-slot-is-not-flushed-before-its-header slot/slot.cc
  [[    if (Status s = Flush(); !s.ok()) return s;
    if (Status s = medium_.WriteHeader(EncodeFreeHeader()); !s.ok()) return s;]]
  [[    if (Status s = @ON@ ? Status() : Flush(); !s.ok()) return s;
    if (Status s = medium_.WriteHeader(EncodeFreeHeader()); !s.ok()) return s;]])
mutation(deleted-file-is-not-flushed slot/slot.cc
  [[  if (Status s = Flush(); !s.ok()) return s;
  SetResidue(Residue::kNone);]]
  [[  if (Status s = @ON@ ? Status() : Flush(); !s.ok()) return s;
  SetResidue(Residue::kNone);]])
mutation(mark-for-deletion-is-not-flushed slot/slot.cc
  [[const Status flushed = Flush();]] [[const Status flushed = @ON@ ? Status() : Flush();]])
mutation(import-is-not-flushed-before-its-name pool/pool_names.cc
  [[if (Status s = MakeDurable(reserved); !s.ok()) return s;]]
  [[if (Status s = @ON@ ? Status() : MakeDurable(reserved); !s.ok()) return s;]])
mutation(name-of-an-import-is-not-flushed pool/pool_names.cc
  [[Status status = reserved.Sync();]] [[Status status = @ON@ ? Status() : reserved.Sync();]])
mutation(settled-database-is-not-flushed pool/pool_names.cc
  [[  return database.Sync();]] [[  return @ON@ ? Status() : database.Sync();]])
mutation(doubtful-slot-is-not-flushed pool/change_order.cc
  [[if (!file->slot().needs_settling()) continue;]]
  [[if (@ON@ || !file->slot().needs_settling()) continue;]])
mutation(old-database-is-not-flushed-when-an-import-fails pool/pool_names.cc
  [[if (replaced != nullptr && !replaced->Sync().ok()) {]]
  [[if (replaced != nullptr && !@ON@ && !replaced->Sync().ok()) {]] 926)

# --- Slots and headers. ---
mutation(slot-is-reused-uncleaned pool/pool_files.cc
  [[Status cleaned = file->MakeClean();]]
  [[Status cleaned = @ON@ ? Status() : file->MakeClean();]])
mutation(removed-slot-may-hold-a-file pool/pool.cc
  [[file->MakeClean().ok()) {]] [[(@ON@ || file->MakeClean().ok())) {]])
mutation(database-is-deleted-like-a-journal slot/slot.cc
  [[if ((flags_ & open_flag::kMainDb) != 0 &&]] [[if (!@ON@ && (flags_ & open_flag::kMainDb) != 0 &&]])
mutation(digest-is-not-checked format/slot_header.cc
  [[if (stored_digest != expected) {]] [[if (!@ON@ && stored_digest != expected) {]])
mutation(old-database-goes-before-the-new-one-has-its-name pool/pool_names.cc
  [[if (Status s = reserved.slot().SetNamed(name, flags); !s.ok()) return s;]]
  [[if (@ON@ && replaced != nullptr) static_cast<void>(replaced->SetFree());
  if (Status s = reserved.slot().SetNamed(name, flags); !s.ok()) return s;]])
mutation(import-leaves-the-old-journals pool/pool_names.cc
  [[if (Status s = SettleCompanions(name, replaced); !s.ok()) return s;]]
  [[if (Status s = @ON@ ? Status() : SettleCompanions(name, replaced); !s.ok()) return s;]])
mutation(failed-import-leaves-its-header pool/pool_names.cc
  [[if (!status.ok()) TakeBackName(reserved, replaced);]]
  [[if (!status.ok() && !@ON@) TakeBackName(reserved, replaced);]] 1079)

# --- Counts and sizes. ---
mutation(short-write-is-taken-for-a-whole-one slot/slot_medium.cc
  [[bytes = bytes.subspan(count.value());]]
  [[bytes = bytes.subspan(@ON@ ? bytes.size() : count.value());]])
mutation(size-is-guessed-after-a-failed-change slot/slot_medium.cc
  [[is_size_known_ = false;]]
  [[is_size_known_ = @ON@;]])
mutation(file-is-not-truncated vfs/io_methods.cc
  [[if (status.ok()) status = self.file().Truncate(size);]]
  [[if (status.ok() && !@ON@) status = self.file().Truncate(size);]])

# --- Writes kept back, bytes read ahead. ---
mutation(kept-writes-outlive-the-commit file/file.cc
  [[if (bytes_.kept().empty() || bytes_.is_given_up()) return {};]]
  [[if (bytes_.kept().empty() || bytes_.is_given_up() || @ON@) return {};]])
mutation(truncation-leaves-kept-writes file/file_bytes.cc
  [[  kept_.Cut(size);]] [[  if (!@ON@) kept_.Cut(size);]])
mutation(read-cache-misses-writes file/file.cc
  [[    read_cache_.OnWrite(bytes, offset);]] [[    if (!@ON@) read_cache_.OnWrite(bytes, offset);]])

# --- What could not be handed over; tests/native/full_disk_test.cc reaches more. ---
mutation(database-overtakes-its-journal pool/change_order.cc
  [[StemOf(later) == StemOf(earlier);]] [[StemOf(later) == StemOf(earlier) && !@ON@;]])
mutation(settling-waits-for-room pool/change_order.cc
  [[if (Status s = file->slot().Flush(); !s.ok()) return s;
  }]]
  [[if (Status s = @ON@ ? file->Sync() : file->slot().Flush(); !s.ok()) return s;
  }]])

# --- Seals of journals, commit records of databases. ---
# Others are reached in tests/native only: none here is too long for a seal, seldom does a crash let
# through nothing but a journal's header, the name of a super-journal seldom goes out with all of a
# journal, and no VFS stands above the pool's that writes after a flush (shim_test.cc).
mutation(torn-commit-is-believed file/commit_recording.cc
  [[is_committed = is_committed && digest == record.digest;]]
  [[is_committed = is_committed && (@ON@ || digest == record.digest);]])
mutation(commit-record-is-not-looked-for pool/pool_journals.cc
  [[if (!is_committed) return is_foreign ? journal.RenounceSeal() : Status();]]
  [[if (!is_committed || @ON@) return is_foreign ? journal.RenounceSeal() : Status();]])
mutation(journal-goes-without-a-commit-record pool/change_order.cc
  [[if (!is_void ||]] [[if ((!is_void && !@ON@) ||]])
mutation(hidden-journals-are-not-forgotten pool/change_order.cc
  [[if (Status s = CutHidden(node->file); !s.ok()) return s;]]
  [[if (Status s = @ON@ ? Status() : CutHidden(node->file); !s.ok()) return s;]])
mutation(overwritten-journal-keeps-its-seal file/file.cc
  [[  if (SealedJournal::IsEnd(bytes, offset)) {
    if (Status s = journal_.RenounceSeal(); !s.ok()) return s;]]
  [[  if (SealedJournal::IsEnd(bytes, offset)) {
    if (Status s = @ON@ ? Status() : journal_.RenounceSeal(); !s.ok()) return s;]])
together_with(file/sealed_journal.cc
  [[return offset < static_cast<std::int64_t>(state_.seal.size) ?]]
  [[return !@ON@ && offset < static_cast<std::int64_t>(state_.seal.size) ?]])
together_with(pool/pool_journals.cc
  [[  if (is_whole || is_foreign) {]] [[  is_foreign = is_foreign && !@ON@;
  if (is_whole || is_foreign) {]])
mutation(rolled-back-journal-is-not-known-as-hidden pool/change_order.cc
  [[  may_hide_journals_ = true;
  return {};]]
  [[  may_hide_journals_ = !@ON@ || may_hide_journals_;
  return {};]] 1000001740)
mutation(mark-forgets-the-journal-before file/sealed_journal.cc
  [[JournalMark::Of(nonce, state_.nonce);]] [[JournalMark::Of(nonce, @ON@ ? 0 : state_.nonce);]] 2001)
mutation(torn-journal-is-taken-for-foreign pool/pool_journals.cc
  [[if (Status s = journal.CheckOwner(is_foreign); !s.ok()) return s;]]
  [[if (Status s = journal.CheckOwner(is_foreign); !s.ok()) return s;
    is_foreign = is_foreign || @ON@;]] 2001)
mutation(seen-commit-is-not-flushed pool/pool_journals.cc
  [[if (Status s = database->Sync(); !s.ok()) return s;
  }
  // One]]
  [[if (Status s = @ON@ ? Status() : database->Sync(); !s.ok()) return s;
  }
  // One]] 379)
mutation(leftovers-stay-behind-a-journal-that-goes-on file/file_bytes.cc
  [[if (has_leftovers()) return]] [[if (has_leftovers() && !@ON@) return]] 32)
mutation(journal-of-several-databases-is-taken-for-one file/sealed_journal.cc
  [[is_written() && !state_.names_super_journal &&]] [[is_written() && (@ON@ || !state_.names_super_journal) &&]])
mutation(journal-waits-though-it-is-complete file/sealed_journal.cc
  [[return is_incomplete() && KeepsWholeFile();]]
  [[return (is_incomplete() || @ON@) && KeepsWholeFile();]])

# --- Locks and journals. ---
mutation(reserved-is-not-checked vfs/file_lock.cc
  [[if (other_writes) return false;]] [[if (other_writes && !@ON@) return false;]])
mutation(exclusive-does-not-wait-for-readers vfs/file_lock.cc
  [[if (wanted == LockLevel::kExclusive && shared_count_ > 1) {]]
  [[if (!@ON@ && wanted == LockLevel::kExclusive && shared_count_ > 1) {]])
mutation(wal-lock-does-not-wait-for-readers vfs/wal_index.cc
  [[if (shared_counts_[static_cast<std::size_t>(i)] > 0) return false;]]
  [[if (!@ON@ && shared_counts_[static_cast<std::size_t>(i)] > 0) return false;]])
mutation(journals-are-not-seen vfs/vfs_methods.cc
  [[(flags != SQLITE_ACCESS_EXISTS || file->size() > 0) ? 1 : 0;]]
  [[(flags != SQLITE_ACCESS_EXISTS || (file->size() > 0 && !@ON@)) ? 1 : 0;]])
mutation(export-ignores-journal-and-wal transfer/snapshot.cc
  [[snapshot->is_database_ = file.kind() == FileKind::kDatabase;]]
  [[snapshot->is_database_ = file.kind() == FileKind::kDatabase && !@ON@;]])

# The list as the simulation reads it.
list(LENGTH MUTATION_NAMES MUTATION_COUNT)
file(WRITE ${MUTATION_DIR}/mutations.cc "#include \"mutations.h\"

int sahpool_mutation = 0;

namespace sahpool::testing {

const int kMutationCount = ${MUTATION_COUNT};
const Mutation kMutations[] = {${MUTATION_ENTRIES}
};

}  // namespace sahpool::testing
")
