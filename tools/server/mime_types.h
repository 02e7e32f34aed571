// The Content-Type of a served file, from its name.
//
// Browsers refuse modules and streamed WebAssembly under a wrong type, so the types of what a web
// app with SQLite consists of are listed here and don't depend on the machine's MIME database.
// Threads: safe. Ownership: the returned views point to static strings. Errors: none.
#ifndef SAHPOOL_TOOLS_SERVER_MIME_TYPES_H_
#define SAHPOOL_TOOLS_SERVER_MIME_TYPES_H_

#include <string_view>

namespace sahpool::serve {

// `file_name` is a name or a path; the case of its extension doesn't matter. An unknown extension
// gives application/octet-stream.
std::string_view MimeType(std::string_view file_name);

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_MIME_TYPES_H_
