// Which names are never served, because what they usually hold is secret: dotfiles and keys,
// and copies of them as editors, tools and people name them.
//
// Contract: the case of names doesn't matter, as file systems exist to which it doesn't.
// Threads: safe. Ownership: none. Errors: none.
#ifndef SAHPOOL_TOOLS_SERVER_PRIVATE_NAMES_H_
#define SAHPOOL_TOOLS_SERVER_PRIVATE_NAMES_H_

#include <string_view>

namespace sahpool::serve {

// `path` is what was asked for, below its mount: no step of it may begin with a dot, but for
// ".well-known", and its name may not be that of a key.
bool IsPrivateRequest(std::string_view path);

// `path` is where links led: folders with a dot are allowed, as package managers keep their files
// in such and link to them, but not those of version control and of keys.
bool IsPrivateFile(std::string_view path);

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_PRIVATE_NAMES_H_
