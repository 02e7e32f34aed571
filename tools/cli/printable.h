// Text that came out of a pool or a profile, made fit for a terminal: names, schemas and errors may
// hold anything, and a terminal would obey it, or show it in another order than it is in.
//
// Threads: pure functions. Errors: none.
#ifndef SAHPOOL_TOOLS_CLI_PRINTABLE_H_
#define SAHPOOL_TOOLS_CLI_PRINTABLE_H_

#include <string>
#include <string_view>

namespace sahpool::cli {

// `text` with "\x1b" for control characters and bytes that are not UTF-8, and "\u{202e}" for
// controls beyond ASCII: C1, what sets the direction of text, and what is not to be seen at all.
std::string Printable(std::string_view text);

// Valid JSON with the same characters in JSON's own escapes, so that it says what it said.
std::string PrintableJson(std::string_view json);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_PRINTABLE_H_
