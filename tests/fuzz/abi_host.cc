#include "abi_host.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace sahpool::fuzz {
namespace {

AbiHost* living_host = nullptr;

const Status kNoSuchHandle(Code::kIo, "there is no such handle");

// As a browser does, before it looks at anything else.
bool IsOffset(double offset) { return offset >= 0; }

}  // namespace

AbiHost::AbiHost() { living_host = this; }
AbiHost::~AbiHost() { living_host = nullptr; }
AbiHost& AbiHost::Get() { return *living_host; }

int AbiHost::Open(const std::string& slot_name, testing::Bytes bytes) {
  disk_.AddSlot(slot_name, std::move(bytes));
  handles_[next_handle_] = disk_.Open(slot_name);
  return next_handle_++;
}

StorageHandle* AbiHost::Find(int handle) const {
  const auto found = handles_.find(handle);
  return found == handles_.end() ? nullptr : found->second.get();
}

int AbiHost::Fail(const Status& status) {
  error_text_ = status.text();
  return status.code() == Code::kFull ? kSahpoolHostFull : kSahpoolHostError;
}

int AbiHost::Return(const Result<std::size_t>& count) {
  if (!count.ok()) return Fail(count.status());
  const int number = static_cast<int>(count.value());
  return distort ? distort(number) : number;
}

}  // namespace sahpool::fuzz

using sahpool::Status;
using sahpool::fuzz::AbiHost;
using sahpool::fuzz::IsOffset;
using sahpool::fuzz::kNoSuchHandle;

namespace {

int ReturnStatus(const Status& status) { return status.ok() ? 0 : AbiHost::Get().Fail(status); }

}  // namespace

extern "C" {

int sahpool_host_read(int handle, void* into, int count, double offset) {
  AbiHost& host = AbiHost::Get();
  auto* const storage = host.Find(handle);
  if (storage == nullptr || !IsOffset(offset)) return host.Fail(kNoSuchHandle);
  return host.Return(
      storage->Read(std::span(static_cast<std::byte*>(into), static_cast<std::size_t>(count)),
                    static_cast<std::int64_t>(offset)));
}

int sahpool_host_write(int handle, const void* from, int count, double offset) {
  AbiHost& host = AbiHost::Get();
  auto* const storage = host.Find(handle);
  if (storage == nullptr || !IsOffset(offset)) return host.Fail(kNoSuchHandle);
  return host.Return(storage->Write(
      std::span(static_cast<const std::byte*>(from), static_cast<std::size_t>(count)),
      static_cast<std::int64_t>(offset)));
}

int sahpool_host_truncate(int handle, double size) {
  auto* const storage = AbiHost::Get().Find(handle);
  if (storage == nullptr || !IsOffset(size)) return AbiHost::Get().Fail(kNoSuchHandle);
  return ReturnStatus(storage->Truncate(static_cast<std::int64_t>(size)));
}

double sahpool_host_size(int handle) {
  auto* const storage = AbiHost::Get().Find(handle);
  if (storage == nullptr) return AbiHost::Get().Fail(kNoSuchHandle);
  const auto size = storage->Size();
  return size.ok() ? static_cast<double>(size.value()) : AbiHost::Get().Fail(size.status());
}

int sahpool_host_flush(int handle) {
  auto* const storage = AbiHost::Get().Find(handle);
  return ReturnStatus(storage != nullptr ? storage->Flush() : kNoSuchHandle);
}

int sahpool_host_error_text(char* into, int capacity) {
  const std::string& text = AbiHost::Get().error_text();
  const int size = std::min(capacity, static_cast<int>(text.size()));
  std::memcpy(into, text.data(), static_cast<std::size_t>(size));
  return size;
}

double sahpool_host_now(void) { return 1.75e12; }
double sahpool_host_clock(void) { return 0; }

int sahpool_host_randomness(void* into, int count) {
  std::memset(into, 42, static_cast<std::size_t>(count));
  return count;
}

void sahpool_host_log(sahpool_pool* /*pool*/, int /*level*/, const char* text, int length) {
  // Reads all of it, so that one that is too long is noticed.
  static_cast<void>(std::string(text, static_cast<std::size_t>(length)));
}

void sahpool_host_few_free_slots(sahpool_pool* /*pool*/) {}

}  // extern "C"
