// The functions that only a host in JavaScript calls: abi.h over PoolVfs.

#include <memory>
#include <new>
#include <utility>

#include "abi/abi.h"
#include "abi/kept_exports.h"
#include "browser/host_storage.h"
#include "library/pool_object.h"

using sahpool::Code;
using sahpool::File;
using sahpool::Pool;
using sahpool::Report;
using sahpool::Status;

namespace {

struct HostedPool : sahpool_pool {
  sahpool::BrowserHost host;
  std::unique_ptr<sahpool::PoolVfs> owned_vfs;
};

template <typename Operation>
int InHostedPool(sahpool_pool* pool, Operation operation) {
  return Report(*pool, pool->vfs->WithPool(operation));
}

}  // namespace

extern "C" {

int sahpool_abi_version(void) { return SAHPOOL_ABI_VERSION; }

sahpool_pool* sahpool_create(const char* vfs_name) {
  std::unique_ptr<HostedPool> pool(new (std::nothrow) HostedPool);
  if (!pool) return nullptr;
  pool->host.set_pool(pool.get());
  pool->owned_vfs = sahpool::PoolVfs::Create(pool->host, vfs_name);
  pool->vfs = pool->owned_vfs.get();
  return pool->vfs != nullptr ? pool.release() : nullptr;
}

int sahpool_destroy(sahpool_pool* pool) {
  if (const Status s = pool->vfs->Unregister(); !s.ok()) return Report(*pool, s);
  sahpool::EndJobs(*pool);
  delete static_cast<HostedPool*>(pool);
  return SQLITE_OK;
}

void sahpool_set_url_dialect(sahpool_pool* pool, int flags) {
  pool->vfs->pool().names().set_url_dialect(
      {.encodes_caret = (flags & kSahpoolEncodesCaret) != 0,
       .encodes_bar = (flags & kSahpoolEncodesBar) != 0,
       .knows_drive_letters = (flags & kSahpoolKnowsDriveLetters) != 0});
}

int sahpool_attach(sahpool_pool* pool, int handle, const char* slot_name) {
  return InHostedPool(pool, [&](Pool& inner) -> Status {
    std::unique_ptr<sahpool::StorageHandle> storage(new (std::nothrow) sahpool::HostHandle(handle));
    if (!storage) return Status::NoMemory();
    return inner.Attach(std::move(storage), slot_name);
  });
}

int sahpool_start(sahpool_pool* pool) {
  return InHostedPool(pool, [](Pool& inner) { return inner.Start(); });
}

int sahpool_register(sahpool_pool* pool) { return Report(*pool, pool->vfs->Register()); }

int sahpool_unregister(sahpool_pool* pool) { return Report(*pool, pool->vfs->Unregister()); }

int sahpool_detach_all(sahpool_pool* pool) {
  return InHostedPool(pool, [](Pool& inner) { return inner.DetachAll(); });
}

int sahpool_release_free_slot(sahpool_pool* pool) {
  const std::unique_ptr<File> file = pool->vfs->pool().RemoveFreeSlot();
  return file ? static_cast<sahpool::HostHandle&>(file->slot().medium().handle()).number() : -1;
}

void sahpool_keep_free(sahpool_pool* pool, int count) { pool->vfs->pool().KeepFree(count); }

}  // extern "C"
