// The few functions of the C and C++ runtime that the side module needs and that its host does not
// give it: the module links no libc and no libc++. Memory comes from SQLite's allocator.

#include <sqlite3.h>

#include <__verbose_abort>
#include <cstddef>
#include <cstring>
#include <new>

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return sqlite3_malloc64(size);
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return sqlite3_malloc64(size);
}

void operator delete(void* memory) noexcept { sqlite3_free(memory); }

void operator delete[](void* memory) noexcept { sqlite3_free(memory); }

void operator delete(void* memory, std::size_t) noexcept { sqlite3_free(memory); }

void operator delete[](void* memory, std::size_t) noexcept { sqlite3_free(memory); }

// Where libc++ would throw: a broken precondition inside the module.
_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD

extern "C" {

int memcmp(const void* left, const void* right, std::size_t count) {
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  for (; count > 0; --count, ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

void* memchr(const void* bytes, int wanted, std::size_t count) {
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (; count > 0; --count, ++byte) {
    if (*byte == static_cast<unsigned char>(wanted)) return const_cast<unsigned char*>(byte);
  }
  return nullptr;
}

std::size_t strlen(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  return static_cast<std::size_t>(end - text);
}

// Called for pure virtual functions; a trap is all that can be done.
[[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }

// Static objects live as long as the instance does.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

}  // extern "C"
