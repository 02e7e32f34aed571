#include "simulated_pool.h"

#include <utility>

namespace sahpool::testing {

std::size_t SimulatedHost::Randomness(std::span<std::byte> into) {
  for (std::byte& byte : into) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state_ >> 56);
  }
  return into.size();
}

void SimulatedHost::Log(LogLevel /*level*/, std::string_view /*message*/) {}

SimulatedPool::SimulatedPool(FaultDisk& disk, std::uint64_t seed, std::string generation)
    : disk_(disk), host_(seed), generation_(std::move(generation)) {}

SimulatedPool::~SimulatedPool() { static_cast<void>(Pause()); }

Pool& SimulatedPool::pool() { return vfs_->pool(); }

Status SimulatedPool::Start() {
  if (!vfs_) vfs_ = PoolVfs::Create(host_, name_.text());
  if (!vfs_) return {Code::kNoMemory, "no memory for a VFS"};
  Status status;
  for (const std::string& name : disk_.slot_names()) {
    status = pool().Attach(disk_.Open(name), name);
    if (!status.ok()) break;
  }
  if (status.ok()) status = pool().Start();
  if (status.ok()) status = vfs_->Register();
  is_started_ = status.ok();
  if (!status.ok()) static_cast<void>(pool().DetachAll());
  return status;
}

Status SimulatedPool::Pause() {
  if (!vfs_) return {};
  if (Status s = vfs_->Unregister(); !s.ok()) return s;
  if (Status s = pool().DetachAll(); !s.ok()) return s;
  is_started_ = false;
  return {};
}

Status SimulatedPool::AddCapacity(int count) {
  for (int i = 0; i < count; ++i) {
    const std::string name = generation_ + "-" + std::to_string(created_++);
    disk_.CreateSlot(name);
    if (Status s = pool().Attach(disk_.Open(name), name); !s.ok()) return s;
  }
  return {};
}

Status SimulatedPool::ReduceCapacity(int count) {
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<File> file = pool().RemoveFreeSlot();
    if (!file) break;
    disk_.RemoveSlot(std::string(file->slot().slot_name()));
  }
  return {};
}

void SimulatedPool::RecoverClaimsOn(std::string_view database) {
  const FileName name = pool().names().Resolve(database).value();
  bool has_recovered = true;
  while (has_recovered && !pool().names().CheckQuarantine(name).ok()) {
    has_recovered = false;
    for (std::int32_t i = 0; File* const file = pool().files().At(SlotState::kQuarantined, i);
         ++i) {
      for (const std::string_view suffix : {std::string_view(), kJournalSuffix, kWalSuffix}) {
        const FileName claimed = pool().names().Resolve(name.c_str() + std::string(suffix)).value();
        if (has_recovered || pool().files().Find(claimed) != nullptr ||
            !file->slot().MayHold(claimed))
          continue;
        has_recovered = pool().Recover(file->slot().slot_name(), claimed).ok();
      }
      if (has_recovered) break;
    }
  }
}

bool SimulatedPool::IsFileOf(std::string_view name, std::string_view database) {
  if (!name.starts_with(database)) return false;
  const std::string_view suffix = name.substr(database.size());
  return suffix.empty() || suffix == kJournalSuffix || suffix == kWalSuffix;
}

}  // namespace sahpool::testing
