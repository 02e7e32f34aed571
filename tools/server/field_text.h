// What Beast gives of a request, as a std::string_view: Boost 1.74 has a string_view of its own.
//
// Threads: pure. Ownership: as long as what it was taken from.
#ifndef SAHPOOL_TOOLS_SERVER_FIELD_TEXT_H_
#define SAHPOOL_TOOLS_SERVER_FIELD_TEXT_H_

#include <boost/beast/core/string.hpp>
#include <string_view>

namespace sahpool::serve {

inline std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_FIELD_TEXT_H_
