#include "fault_injection.h"

#include <sqlite3.h>

#include "allocation_faults.h"

namespace sahpool::testing {
namespace {

const char* NameOf(CallKind kind) {
  switch (kind) {
    case CallKind::kRead:
      return "read";
    case CallKind::kWrite:
      return "write";
    case CallKind::kTruncate:
      return "truncate";
    case CallKind::kSize:
      return "size";
    case CallKind::kFlush:
      return "flush";
  }
  return "?";
}

const char* NameOf(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kError:
      return "fails";
    case Fault::Kind::kErrorAfterHalf:
      return "fails after half";
    case Fault::Kind::kErrorAfterEffect:
      return "fails after its effect";
    case Fault::Kind::kShort:
      return "does half";
    case Fault::Kind::kNothing:
      return "does nothing";
  }
  return "?";
}

// A host says that it is out of space by an error, or as Firefox does by writing nothing.
bool SaysFull(const Fault& fault) {
  if (fault.quota) return true;
  if (fault.kind == Fault::Kind::kNothing) return fault.of == CallKind::kWrite;
  return fault.kind != Fault::Kind::kShort && fault.code == Code::kFull;
}

}  // namespace

FaultInjection::FaultInjection(Session& session, std::uint64_t seed)
    : session_(session), random_(seed ^ 0xfa) {
  session_.expects_failure = [this] {
    return !forbids_failures_ && (session_.disk().has_hit() || AllocationFaults::has_hit());
  };
}

FaultInjection::~FaultInjection() {
  AllocationFaults::Disarm();
  session_.disk().Disarm();
}

void FaultInjection::Before(const Operation& operation) {
  action_ = operation.action;
  if (operation.action == Action::kFill) {
    AllocationFaults::Disarm();
    is_armed_ = is_of_disk_ = true;
    return ArmFullDisk();
  }
  // These read the disk anew: a fault in that would only hide what is there.
  if (is_armed_ || operation.action == Action::kCrash || operation.action == Action::kKill) return;
  is_armed_ = true;
  is_of_disk_ = !random_.OneIn(4);
  if (!is_of_disk_) return ArmAllocation();
  random_.OneIn(4) ? ArmFullDisk() : ArmDisk();
}

// Whatever makes a slot longer fails, over some operations; the rest works.
void FaultInjection::ArmFullDisk() {
  using Kind = Fault::Kind;
  const std::size_t room = random_.Below(random_.Among<std::size_t>({1, 5'000, 100'000}));
  fault_ = {
      .kind = random_.Among({Kind::kError, Kind::kShort, Kind::kNothing}),
      .code = Code::kFull,
      .persists = true,
      .quota = session_.disk().total_size() + static_cast<std::int64_t>(room),
  };
  operations_left_ = 1 + random_.Below(8);
  session_.disk().Arm(fault_);
  description_ = "room for " + std::to_string(room) + " bytes, then growth " + NameOf(fault_.kind);
}

// True when it is over. Meanwhile what is committed can be read, and what frees room works.
bool FaultInjection::AfterFullDisk() {
  if (action_ == Action::kUnlink && (session_.last_code() & 0xff) == SQLITE_FULL) {
    session_.Fail("unlink is told that the disk is full");
  }
  forbids_failures_ = true;
  session_.ReadWhatIsCommitted();
  forbids_failures_ = false;
  return --operations_left_ == 0;
}

void FaultInjection::ArmDisk() {
  using Kind = Fault::Kind;
  fault_ = {
      .kind = random_.Among({Kind::kError, Kind::kErrorAfterHalf, Kind::kErrorAfterEffect,
                             Kind::kShort, Kind::kNothing}),
      .nth = static_cast<int>(1 + random_.Below(random_.Among<std::size_t>({3, 12, 60}))),
      .of = random_.Among({CallKind::kRead, CallKind::kWrite, CallKind::kWrite, CallKind::kTruncate,
                           CallKind::kFlush, CallKind::kFlush}),
      .code = random_.Among({Code::kIo, Code::kFull}),
      .persists = random_.OneIn(3),
  };
  session_.disk().Arm(fault_);
  description_ = std::string(NameOf(*fault_.of)) + " " + std::to_string(fault_.nth) + " " +
                 NameOf(fault_.kind) + (fault_.code == Code::kFull ? " (full)" : "") +
                 (fault_.persists ? ", as all later ones" : "");
}

void FaultInjection::ArmAllocation() {
  const bool of_core = random_.OneIn(2);
  const std::uint64_t nth =
      1 + random_.Below(of_core ? 4 : random_.Among<std::size_t>({20, 200, 2000}));
  AllocationFaults::Arm(of_core ? AllocationFaults::Of::kCore : AllocationFaults::Of::kSqlite, nth);
  description_ = std::string("allocation ") + std::to_string(nth) +
                 (of_core ? " of the core fails" : " of SQLite fails");
}

bool FaultInjection::After() {
  const bool has_hit = is_of_disk_ ? session_.disk().has_hit() : AllocationFaults::has_hit();
  if (!is_armed_ || !has_hit) return false;
  if (IsFullDisk() && !AfterFullDisk()) return true;
  is_armed_ = false;
  session_.disk().Disarm();
  AllocationFaults::Disarm();
  const int code = session_.last_code();
  const int primary = code & 0xff;
  // A close, which reports nothing, may have met the fault, and the operation then a lock.
  const bool is_told = primary == SQLITE_OK || primary == SQLITE_FULL || primary == SQLITE_BUSY ||
                       (IsFullDisk() && primary == SQLITE_CANTOPEN);  // the pool may be full too
  if (is_of_disk_ && SaysFull(fault_) && !is_told) {
    session_.Fail("a full disk is reported as " + std::string(sqlite3_errstr(code)) + " (" +
                  std::to_string(code) + ")");
  }
  return true;
}

}  // namespace sahpool::testing
