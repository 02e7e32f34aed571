// Whether what should be a database may be an encrypted one, of which not even the first bytes
// tell.
//
// Threads: pure. Errors: Failure when the slot can't be read.
#ifndef SAHPOOL_TOOLS_CLI_ENCRYPTION_H_
#define SAHPOOL_TOOLS_CLI_ENCRYPTION_H_

#include <filesystem>

#include "format/byte_source.h"

namespace sahpool::cli {

// In the place of what SQLite says of a database that it can't read without a key.
inline constexpr const char* kNeedsKey = "not readable without its key";

// Whether the first page, and what follows it, has every byte as often as chance gives it. What is
// in a database in clear never has: a damaged one does not become like that.
bool LooksEncrypted(ByteSource& content);
// The same of the content of a slot.
bool LooksEncrypted(const std::filesystem::path& slot);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_ENCRYPTION_H_
