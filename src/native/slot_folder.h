// The folder in which a pool's slots are, held open: its files are reached by their names in it and
// nothing else, so that no link leads out of it and renaming it changes nothing. One SlotFolder at
// a time has a folder, as a pool has one owner.
//
// Of the files in it those are slots that are provably so (format/slot_proof.h), and new ones that
// a process had just made when it ended. All else is neither opened for long nor changed. What
// MakeSlots() has made is durable in the folder when it returns, what was removed after Flush().
//
// Threads: MakeSlots() may be called by several at once, the rest may not. Ownership: owns its
// descriptor. Errors: Status; kBusy when another process has the folder.
#ifndef SAHPOOL_NATIVE_SLOT_FOLDER_H_
#define SAHPOOL_NATIVE_SLOT_FOLDER_H_

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "native/descriptor.h"
#include "native/posix_storage.h"
#include "sahpool/status.h"

namespace sahpool {

struct SlotFile {
  std::unique_ptr<PosixHandle> handle;
  std::string name;
};

class SlotFolder {
 public:
  // The folder `.opaque` in `directory`, both made if need be. kInvalid when it is a link.
  static Result<SlotFolder> OpenOrMake(const std::filesystem::path& directory, PosixCalls& calls);
  // `directory` itself, which must be there.
  static Result<SlotFolder> OpenBare(const std::filesystem::path& directory, PosixCalls& calls);

  SlotFolder() = default;

  const std::filesystem::path& path() const { return path_; }
  // Whether this process is a fork of the one that opened it: then it can neither make nor remove.
  bool is_inherited() const { return folder_.is_inherited(); }

  // Opens all slots; `others` gets the names of what is left alone. A file that can't be read is
  // an error: it may be a slot.
  Result<std::vector<SlotFile>> OpenSlots(std::vector<std::string>& others);

  // Makes so many slots, or none.
  Result<std::vector<SlotFile>> MakeSlots(int count, Host& host);

  // Removes what MakeSlots() has made.
  void RemoveNew(std::span<const SlotFile> slots);

  // Removes the slot, unless the name is another file's by now. Not durable before Flush().
  Status Remove(const PosixHandle& handle, const char* name);
  Status Flush();

  // Removes the folders that OpenOrMake() has made and that hold nothing.
  void RemoveMadeFolders();
  // Removes the folder, and `directory`, if they hold nothing.
  void RemoveFolders();

 private:
  SlotFolder(std::filesystem::path directory, std::filesystem::path path, PosixCalls& calls)
      : directory_(std::move(directory)), path_(std::move(path)), calls_(&calls) {}

  Status CheckOwned() const;
  Status Make(const std::filesystem::path& folder);
  Status Open(int flags);
  Result<Descriptor> OpenIfSlot(const char* name) const;
  Result<SlotFile> MakeSlot(Host& host, int descriptor_limit);
  void FlushAt(const std::filesystem::path& folder);

  std::filesystem::path directory_;
  std::filesystem::path path_;
  PosixCalls* calls_ = nullptr;
  LockedDescriptor folder_;
  std::vector<std::filesystem::path> made_;  // outer ones first
};

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_SLOT_FOLDER_H_
