#include "allocation_faults.h"

#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <new>

namespace sahpool::testing {
namespace {

struct Counter {
  std::uint64_t made = 0;
  std::uint64_t fails_at = 0;  // a value of `made`; 0 is never
};

std::array<Counter, 2> counters;
bool hit = false;
int suspensions = 0;
sqlite3_mem_methods sqlite_methods;

bool Fails(AllocationFaults::Of of) {
  if (suspensions > 0) return false;
  Counter& counter = counters[static_cast<std::size_t>(of)];
  if (++counter.made != counter.fails_at) return false;
  hit = true;
  return true;
}

void* MallocMethod(int size) {
  return Fails(AllocationFaults::Of::kSqlite) ? nullptr : sqlite_methods.xMalloc(size);
}

void* ReallocMethod(void* old, int size) {
  return Fails(AllocationFaults::Of::kSqlite) ? nullptr : sqlite_methods.xRealloc(old, size);
}

}  // namespace

void AllocationFaults::Install() {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_methods);
  sqlite3_mem_methods counting = sqlite_methods;
  counting.xMalloc = MallocMethod;
  counting.xRealloc = ReallocMethod;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &counting);
}

void AllocationFaults::Arm(Of of, std::uint64_t nth) {
  Counter& counter = counters[static_cast<std::size_t>(of)];
  counter.fails_at = counter.made + nth;
  hit = false;
}

void AllocationFaults::Disarm() {
  for (Counter& counter : counters) counter.fails_at = 0;
}

bool AllocationFaults::has_hit() { return hit; }

AllocationFaults::Suspended::Suspended() { ++suspensions; }
AllocationFaults::Suspended::~Suspended() { --suspensions; }

}  // namespace sahpool::testing

// The core allocates in no other way, and nothing else in this program does in this one.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  using sahpool::testing::AllocationFaults;
  if (sahpool::testing::Fails(AllocationFaults::Of::kCore)) return nullptr;
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  using sahpool::testing::AllocationFaults;
  if (sahpool::testing::Fails(AllocationFaults::Of::kCore)) return nullptr;
  try {
    return ::operator new[](size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
