// Locks between three connections of one file, and their shared memory, against models that say
// from the outside what SQLite's documentation says (lockingv3.html, and sqlite3.h on xShmLock).

#include <sqlite3.h>

#include <array>
#include <cstdint>

#include "tests/conformance/vfs_fixture.h"

namespace sahpool::conformance {
namespace {

constexpr SlotRange kSlots{0, 4};
constexpr int kConnections = 3;
using Connections = std::array<VfsFile, kConnections>;

Failure OpenAll(const TestVfs& vfs, Connections& connections) {
  for (VfsFile& connection : connections) {
    REQUIRE_EQ(connection.Open(vfs, "/a.db", kOpenDatabase), SQLITE_OK);
  }
  return {};
}

// One call of xLock or xUnlock.
struct LockStep {
  int connection;
  bool locks;
  int level;
};

// The steps that SQLite may ask of a connection, in whatever state it is.
constexpr int kStepsPerConnection = 5;
constexpr int kStepCount = kConnections * kStepsPerConnection;
constexpr LockStep StepAt(int index) {
  constexpr std::array<LockStep, kStepsPerConnection> kSteps = {
      LockStep{0, true, SQLITE_LOCK_SHARED}, LockStep{0, true, SQLITE_LOCK_RESERVED},
      LockStep{0, true, SQLITE_LOCK_EXCLUSIVE}, LockStep{0, false, SQLITE_LOCK_SHARED},
      LockStep{0, false, SQLITE_LOCK_NONE}};
  LockStep step = kSteps[static_cast<std::size_t>(index % kStepsPerConnection)];
  step.connection = index / kStepsPerConnection;
  return step;
}

// The locks that the connections hold by the rules of SQLite.
class LockModel {
 public:
  int level(int connection) const { return levels_[static_cast<std::size_t>(connection)]; }

  // A number for the state as a whole.
  int state() const { return (levels_[0] * 5 + levels_[1]) * 5 + levels_[2]; }
  static constexpr int kStateCount = 5 * 5 * 5;

  // SQLite never takes a write lock without holding SHARED.
  bool IsLegal(const LockStep& step) const {
    return !step.locks || step.level == SQLITE_LOCK_SHARED || level(step.connection) != 0;
  }

  // The result code of the step.
  int Apply(const LockStep& step) {
    int& own = levels_[static_cast<std::size_t>(step.connection)];
    if (!step.locks) {
      own = own < step.level ? own : step.level;
      return SQLITE_OK;
    }
    if (own >= step.level) return SQLITE_OK;
    const int strongest = StrongestOther(step.connection);
    switch (step.level) {
      case SQLITE_LOCK_SHARED:
        if (strongest >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
        break;
      case SQLITE_LOCK_RESERVED:
        if (strongest >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
        break;
      default:
        if (strongest >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
        if (strongest >= SQLITE_LOCK_SHARED) {
          // From RESERVED on, the way to EXCLUSIVE is through PENDING, which keeps new readers out.
          if (own == SQLITE_LOCK_RESERVED) own = SQLITE_LOCK_PENDING;
          return SQLITE_BUSY;
        }
    }
    own = step.level;
    return SQLITE_OK;
  }

  bool IsReserved() const { return StrongestOther(-1) >= SQLITE_LOCK_RESERVED; }

 private:
  int StrongestOther(int connection) const {
    int strongest = 0;
    for (int i = 0; i < kConnections; ++i) {
      if (i != connection && level(i) > strongest) strongest = level(i);
    }
    return strongest;
  }

  std::array<int, kConnections> levels_{};
};

// How many steps there are from all the states that the model can get into.
int CountReachableSteps() {
  std::array<bool, LockModel::kStateCount> is_known{};
  std::array<LockModel, LockModel::kStateCount> found;
  int found_count = 1;
  is_known[static_cast<std::size_t>(found[0].state())] = true;
  int steps = 0;
  for (int next = 0; next < found_count; ++next) {
    for (int index = 0; index < kStepCount; ++index) {
      LockModel model = found[static_cast<std::size_t>(next)];
      if (!model.IsLegal(StepAt(index))) continue;
      ++steps;
      static_cast<void>(model.Apply(StepAt(index)));
      bool& known = is_known[static_cast<std::size_t>(model.state())];
      if (!known) found[static_cast<std::size_t>(found_count++)] = model;
      known = true;
    }
  }
  return steps;
}

// Walks at random until every step has been taken from every state.
Failure EveryLockTransition(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  Connections connections;
  REQUIRE_PASSED(OpenAll(vfs, connections));
  LockModel model;
  RandomNumbers random;
  std::array<bool, LockModel::kStateCount * kStepCount> is_taken{};
  int left = CountReachableSteps();
  REQUIRE(left > 200);
  for (int count = 0; left > 0; ++count) {
    REQUIRE(count < 1000000);
    const int index = random.Below(kStepCount);
    const LockStep step = StepAt(index);
    if (!model.IsLegal(step)) continue;
    bool& taken = is_taken[static_cast<std::size_t>(model.state() * kStepCount + index)];
    left -= taken ? 0 : 1;
    taken = true;
    VfsFile& connection = connections[static_cast<std::size_t>(step.connection)];
    const int expected = model.Apply(step);
    const int code = step.locks ? connection.Lock(step.level) : connection.Unlock(step.level);
    REQUIRE_EQ(code, expected);
    for (int i = 0; i < kConnections; ++i) {
      VfsFile& each = connections[static_cast<std::size_t>(i)];
      REQUIRE_EQ(each.ControlInt(SQLITE_FCNTL_LOCKSTATE), model.level(i));
      REQUIRE_EQ(each.CheckReservedLock(), model.IsReserved() ? 1 : 0);
    }
  }
  return {};
}

Failure LocksEndWithTheFile(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  Connections connections;
  REQUIRE_PASSED(OpenAll(vfs, connections));
  auto& [writer, reader, other] = connections;
  REQUIRE_EQ(writer.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  REQUIRE_EQ(writer.Lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  REQUIRE_EQ(writer.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  REQUIRE_EQ(reader.Lock(SQLITE_LOCK_SHARED), SQLITE_BUSY);
  REQUIRE_EQ(writer.Close(), SQLITE_OK);
  REQUIRE_EQ(reader.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  REQUIRE_EQ(reader.CheckReservedLock(), 0);
  REQUIRE_EQ(other.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  REQUIRE_EQ(reader.Close(), SQLITE_OK);
  REQUIRE_EQ(other.Lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  REQUIRE_EQ(other.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  // Another file has locks of its own.
  VfsFile elsewhere;
  REQUIRE_EQ(elsewhere.Open(vfs, "/b.db", kOpenDatabase), SQLITE_OK);
  REQUIRE_EQ(elsewhere.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  REQUIRE_EQ(elsewhere.Lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  return {};
}

// Who holds which lock of the wal-index.
struct ShmModel {
  std::array<std::array<bool, SQLITE_SHM_NLOCK>, kConnections> shared{};
  std::array<std::array<bool, SQLITE_SHM_NLOCK>, kConnections> exclusive{};

  bool IsInTheWay(int connection, int lock, bool wants_exclusive) const {
    for (std::size_t other = 0; other < kConnections; ++other) {
      if (static_cast<int>(other) == connection) continue;
      const auto index = static_cast<std::size_t>(lock);
      if (exclusive[other][index] || (wants_exclusive && shared[other][index])) return true;
    }
    return false;
  }
};

// Locks or unlocks a random range that SQLite might ask for, both in the model and for real.
Failure TakeRandomShmStep(RandomNumbers& random, Connections& connections, ShmModel& model) {
  const int which = random.Below(kConnections);
  const auto connection = static_cast<std::size_t>(which);
  const bool is_exclusive = random.Below(2) == 0;
  const int first = random.Below(SQLITE_SHM_NLOCK);
  const int count = is_exclusive ? 1 + random.Below(SQLITE_SHM_NLOCK - first) : 1;
  auto& held = is_exclusive ? model.exclusive[connection] : model.shared[connection];
  const auto& excluded = is_exclusive ? model.shared[connection] : model.exclusive[connection];
  bool holds_all = true;
  bool holds_none = true;
  bool is_busy = false;
  for (int lock = first; lock < first + count; ++lock) {
    const auto index = static_cast<std::size_t>(lock);
    // SQLite never asks to change one kind of lock into the other.
    if (excluded[index]) return {};
    holds_all = holds_all && held[index];
    holds_none = holds_none && !held[index];
    is_busy = is_busy || model.IsInTheWay(which, lock, is_exclusive);
  }
  if (!holds_all && !holds_none) return {};
  const int kind = is_exclusive ? SQLITE_SHM_EXCLUSIVE : SQLITE_SHM_SHARED;
  VfsFile& file = connections[connection];
  if (holds_all) {
    REQUIRE_EQ(file.ShmLock(first, count, kind | SQLITE_SHM_UNLOCK), SQLITE_OK);
  } else {
    const int code = file.ShmLock(first, count, kind | SQLITE_SHM_LOCK);
    REQUIRE_EQ(code, is_busy ? SQLITE_BUSY : SQLITE_OK);
    if (is_busy) return {};
  }
  for (int lock = first; lock < first + count; ++lock) {
    held[static_cast<std::size_t>(lock)] = !holds_all;
  }
  return {};
}

Failure ShmLocksExclude(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  Connections connections;
  REQUIRE_PASSED(OpenAll(vfs, connections));
  for (VfsFile& connection : connections) {
    volatile void* region = nullptr;
    REQUIRE_EQ(connection.ShmMap(0, true, &region), SQLITE_OK);
  }
  ShmModel model;
  RandomNumbers random;
  for (int step = 0; step < 30000; ++step) {
    REQUIRE_PASSED(TakeRandomShmStep(random, connections, model));
  }
  return {};
}

Failure ShmRegionsAreShared(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kSlots));
  Connections connections;
  REQUIRE_PASSED(OpenAll(vfs, connections));
  auto& [first, second, third] = connections;
  volatile void* region = &vfs;
  REQUIRE_EQ(first.ShmMap(0, false, &region), SQLITE_OK);
  REQUIRE(region == nullptr);
  std::array<volatile void*, 5> regions{};
  for (int i = 0; i < 5; ++i) {
    REQUIRE_EQ(first.ShmMap(i, true, &regions[static_cast<std::size_t>(i)]), SQLITE_OK);
    auto* const bytes = static_cast<volatile unsigned char*>(regions[static_cast<std::size_t>(i)]);
    REQUIRE(bytes != nullptr);
    for (int at = 0; at < VfsFile::kShmRegionSize; at += 4095) REQUIRE_EQ(bytes[at], 0);
    bytes[100] = static_cast<unsigned char>(i + 1);
  }
  // They stay where they are, and the others see the same.
  for (int i = 0; i < 5; ++i) {
    first.methods().xShmBarrier(first.get());
    REQUIRE_EQ(second.ShmMap(i, false, &region), SQLITE_OK);
    REQUIRE(region == regions[static_cast<std::size_t>(i)]);
    REQUIRE_EQ(static_cast<volatile unsigned char*>(region)[100], i + 1);
  }
  REQUIRE_EQ(second.ShmMap(5, false, &region), SQLITE_OK);
  REQUIRE(region == nullptr);
  // Locks go with xShmUnmap, regions with its last user.
  REQUIRE_EQ(first.ShmLock(0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  REQUIRE_EQ(second.ShmLock(0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_BUSY);
  REQUIRE_EQ(first.ShmUnmap(), SQLITE_OK);
  REQUIRE_EQ(second.ShmLock(0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  REQUIRE_EQ(static_cast<volatile unsigned char*>(regions[4])[100], 5);
  REQUIRE_EQ(second.Close(), SQLITE_OK);
  REQUIRE_EQ(third.ShmMap(0, false, &region), SQLITE_OK);
  REQUIRE(region == nullptr);
  return {};
}

constexpr Case kCases[] = {
    {"locks: every transition between three connections", EveryLockTransition},
    {"locks: end with the file", LocksEndWithTheFile},
    {"locks: those of the wal-index exclude each other", ShmLocksExclude},
    {"locks: regions of the wal-index are shared", ShmRegionsAreShared},
};

}  // namespace

std::span<const Case> VfsLockCases() { return kCases; }

}  // namespace sahpool::conformance
