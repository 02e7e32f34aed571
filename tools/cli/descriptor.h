// Opens files that the tool did not make: in a profile or a pool, which somebody else may have
// filled with links, pipes and devices.
//
// Threads: pure functions. Ownership: a Descriptor closes what it has. Errors: Status.
#ifndef SAHPOOL_TOOLS_CLI_DESCRIPTOR_H_
#define SAHPOOL_TOOLS_CLI_DESCRIPTOR_H_

#include <filesystem>

#include "native/descriptor.h"
#include "sahpool/status.h"

namespace sahpool::cli {

enum class Links {
  kFollow,  // a path that the user gave
  kRefuse,  // one that was found: no part of it may be a link
};

// Opens a regular file, and never waits: what else is there, such as a pipe, is an error.
// `flags` are O_RDONLY or O_RDWR.
Result<Descriptor> OpenRegularFile(const std::filesystem::path& path, int flags, Links links);

// The folder of a file, reached without any link; only to open files in.
Result<Descriptor> OpenFolderOf(const std::filesystem::path& path);

// Whether there is a regular file, not a link to one.
bool IsRegularFile(const std::filesystem::path& path);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_DESCRIPTOR_H_
