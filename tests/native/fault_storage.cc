#include "fault_storage.h"

#include <algorithm>
#include <utility>

namespace sahpool::testing {

class FaultHandle final : public StorageHandle {
 public:
  FaultHandle(FaultDisk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override {
    const auto fault = disk_.Strike(CallKind::kRead, name_);
    if (fault && IsError(*fault)) return FailureOf(*fault);
    const Bytes& bytes = slot().now;
    const auto available = std::max<std::int64_t>(std::ssize(bytes) - offset, 0);
    const auto count = std::min(into.size(), static_cast<std::size_t>(available));
    const std::size_t given = fault ? CountUnder(*fault, count) : count;
    std::copy_n(bytes.begin() + offset, given, into.begin());
    return given;
  }

  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override {
    disk_.Note("write", name_, std::to_string(offset) + "+" + std::to_string(bytes.size()));
    const std::int64_t growth =
        FaultDisk::GrowthOf(slot(), offset + static_cast<std::int64_t>(bytes.size()));
    const auto fault = disk_.Strike(CallKind::kWrite, name_, growth);
    std::size_t count = fault ? CountUnder(*fault, bytes.size()) : bytes.size();
    if (fault && fault->quota && count > 0) count = CountWithin(*fault, bytes.size(), growth);
    if (count > 0) {
      disk_.Make(slot(),
                 {.offset = offset,
                  .bytes = Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)),
                  .is_cut_short = count < bytes.size()});
    }
    if (fault && IsError(*fault)) return FailureOf(*fault);
    return count;
  }

  Status Truncate(std::int64_t size) override {
    disk_.Note("truncate", name_, std::to_string(size));
    const auto fault = disk_.Strike(CallKind::kTruncate, name_, FaultDisk::GrowthOf(slot(), size));
    if (!fault || fault->kind == Fault::Kind::kErrorAfterEffect) {
      disk_.Make(slot(), {.offset = size});
    }
    return fault ? FailureOf(*fault) : Status();
  }

  Result<std::int64_t> Size() override {
    if (const auto fault = disk_.Strike(CallKind::kSize, name_)) return FailureOf(*fault);
    return static_cast<std::int64_t>(slot().now.size());
  }

  Status Flush() override {
    disk_.Note("flush", name_);
    const auto fault = disk_.Strike(CallKind::kFlush, name_);
    if (!fault || fault->kind == Fault::Kind::kErrorAfterEffect) {
      disk_.MakeDurable(slot());
    }
    return fault ? FailureOf(*fault) : Status();
  }

 private:
  static bool IsError(const Fault& fault) {
    return fault.kind != Fault::Kind::kShort && fault.kind != Fault::Kind::kNothing;
  }
  static Status FailureOf(const Fault& fault) { return {fault.code, "the disk was told to fail"}; }
  static std::size_t CountUnder(const Fault& fault, std::size_t count) {
    switch (fault.kind) {
      case Fault::Kind::kErrorAfterEffect:
        return count;
      case Fault::Kind::kErrorAfterHalf:
      case Fault::Kind::kShort:
        return count / 2;
      case Fault::Kind::kError:
      case Fault::Kind::kNothing:
        break;
    }
    return 0;
  }

  // How many of the bytes there is room for.
  std::size_t CountWithin(const Fault& fault, std::size_t count, std::int64_t growth) const {
    const std::int64_t excess = disk_.total_size() + growth - *fault.quota;
    const std::int64_t fitting = static_cast<std::int64_t>(count) - std::min(excess, growth);
    return static_cast<std::size_t>(std::max<std::int64_t>(fitting, 0));
  }

  FaultDisk::Slot& slot() { return disk_.slots_.at(name_); }

  FaultDisk& disk_;
  std::string name_;
};

void FaultDisk::AddSlot(const std::string& name, Bytes bytes) {
  slots_[name] = {.now = bytes, .durable = bytes};
}

void FaultDisk::CreateSlot(const std::string& name) {
  Note("create", name);
  slots_[name] = {.now = {}, .durable = {}, .was_ever_durable = false};
}

void FaultDisk::RemoveSlot(const std::string& name) {
  Note("remove", name);
  slots_.at(name).is_removed = true;
}

std::unique_ptr<StorageHandle> FaultDisk::Open(const std::string& name) {
  return std::make_unique<FaultHandle>(*this, name);
}

std::vector<std::string> FaultDisk::slot_names() const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : slots_) {
    if (!slot.is_removed) names.push_back(name);
  }
  return names;
}

SlotBytes FaultDisk::Everything() const {
  return StateWith([](std::size_t) { return true; });
}

std::vector<SlotBytes> FaultDisk::CrashStates() const {
  std::vector<SlotBytes> states;
  const std::size_t count = crash_state_count();
  for (std::size_t i = 0; i < count; ++i) states.push_back(CrashState(i));
  return states;
}

std::size_t FaultDisk::crash_state_count() const {
  std::size_t changes = 0;
  for (const auto& [name, slot] : slots_) changes += slot.since_flush.size();
  return changes > 1 ? 2 + 2 * changes : 1 + changes;
}

SlotBytes FaultDisk::CrashState(std::size_t index) const {
  if (index == 0) return Everything();
  if (index == 1) return StateWith([](std::size_t) { return false; });
  const std::size_t odd = index / 2 - 1;
  const bool keeps_odd = index % 2 == 0;
  return StateWith([&](std::size_t change) { return (change == odd) == keeps_odd; });
}

SlotBytes FaultDisk::StateWith(const std::function<bool(std::size_t)>& is_kept) const {
  SlotBytes state;
  std::size_t number = 0;
  for (const auto& [name, slot] : slots_) {
    Bytes& bytes = state[name] = slot.durable;
    for (const Change& change : slot.since_flush) {
      if (is_kept(number++)) Apply(change, bytes);
    }
  }
  return state;
}

void FaultDisk::Apply(const Change& change, Bytes& bytes) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (!change.bytes) {
    bytes.resize(offset);
    return;
  }
  bytes.resize(std::max(bytes.size(), offset + change.bytes->size()));
  std::ranges::copy(*change.bytes, bytes.begin() + change.offset);
}

bool FaultDisk::GoesOnInSector(const Slot& slot, const Change& change) {
  if (slot.since_flush.empty() || !change.bytes || change.offset % kSectorSize == 0) return false;
  const Change& last = slot.since_flush.back();
  return last.is_cut_short && last.offset + std::ssize(*last.bytes) == change.offset;
}

void FaultDisk::Make(Slot& slot, Change change) {
  change.number = ++change_count_;
  Apply(change, slot.now);
  if (GoesOnInSector(slot, change)) {
    Change& last = slot.since_flush.back();
    last.bytes->insert(last.bytes->end(), change.bytes->begin(), change.bytes->end());
    last.number = change.number;
    last.is_cut_short = change.is_cut_short;
    return;
  }
  slot.since_flush.push_back(std::move(change));
}

void FaultDisk::MakeDurable(Slot& slot) {
  // Only what has changed is brought up to date: the slot may be large.
  for (const Change& change : slot.since_flush) Apply(change, slot.durable);
  slot.since_flush.clear();
  slot.was_ever_durable = true;
}

std::int64_t FaultDisk::total_size() const {
  std::int64_t total = 0;
  for (const auto& [name, slot] : slots_) total += slot.is_removed ? 0 : std::ssize(slot.now);
  return total;
}

std::optional<Fault> FaultDisk::Strike(CallKind kind, std::string_view slot, std::int64_t growth) {
  ++call_count_;
  if (!fault_ || (fault_->of && *fault_->of != kind)) return std::nullopt;
  if (!fault_->slot.empty() && fault_->slot != slot) return std::nullopt;
  if (fault_->quota && (growth == 0 || total_size() + growth <= *fault_->quota)) {
    return std::nullopt;
  }
  ++seen_;
  if (seen_ != fault_->nth && !(fault_->persists && seen_ > fault_->nth)) return std::nullopt;
  has_hit_ = true;
  return fault_;
}

void FaultDisk::Note(const char* action, const std::string& slot, const std::string& detail) {
  if (before_change) before_change();
  if (keeps_log)
    log.push_back(std::string(action) + " " + slot + (detail.empty() ? "" : " ") + detail);
}

}  // namespace sahpool::testing
