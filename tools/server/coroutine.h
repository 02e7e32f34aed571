// Asio's coroutines, in which a connection's code reads from top to bottom while it waits in the
// event loop.
//
// `co_await socket.async_...(..., Await(error))` gives the operation's result and sets `error`.
// Threads, ownership and errors: Asio's.
#ifndef SAHPOOL_TOOLS_SERVER_COROUTINE_H_
#define SAHPOOL_TOOLS_SERVER_COROUTINE_H_

// Needed, and not included, by Asio 1.74's header of coroutines.
#include <utility>

// Hence after it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace sahpool::serve {

template <typename Result>
using Task = boost::asio::awaitable<Result>;

inline auto Await(boost::system::error_code& error) {
  return boost::asio::redirect_error(boost::asio::use_awaitable, error);
}

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_COROUTINE_H_
