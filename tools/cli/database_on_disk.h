// A database in plain files, as it lies there: what is committed in it, with the journal and the
// WAL beside it taken into account. Nothing is locked and nothing is written.
//
// Threads: one. Errors: Failure.
#ifndef SAHPOOL_TOOLS_CLI_DATABASE_ON_DISK_H_
#define SAHPOOL_TOOLS_CLI_DATABASE_ON_DISK_H_

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "cli/failure.h"
#include "cli/slot_file.h"
#include "format/committed_image.h"
#include "format/file_name.h"

namespace sahpool::cli {

class DatabaseOnDisk {
 public:
  DatabaseOnDisk(const std::filesystem::path& path, Links links)
      : database_(path, 0, links),
        journal_(OpenIfThere(path, kJournalSuffix, links)),
        wal_(OpenIfThere(path, kWalSuffix, links)) {
    SuperJournals super_journals;
    image_ = Require(CommittedImage::Open(database_, journal_.get(), wal_.get(), super_journals),
                     path.string());
  }

  CommittedImage& image() { return image_; }

 private:
  class SuperJournals final : public SuperJournalLookup {
   public:
    Result<bool> Exists(std::string_view name) override {
      std::error_code ignored;
      return std::filesystem::exists(std::filesystem::path(name), ignored);
    }
  };

  static std::unique_ptr<FileSource> OpenIfThere(std::filesystem::path path,
                                                 std::string_view suffix, Links links) {
    path += suffix;
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return nullptr;
    return std::make_unique<FileSource>(path, 0, links);
  }

  FileSource database_;
  std::unique_ptr<FileSource> journal_;
  std::unique_ptr<FileSource> wal_;
  CommittedImage image_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_DATABASE_ON_DISK_H_
