// One client's connection: its requests are answered one after the other, in their order.
//
// Contract: a body is never read, so a request that has one is the connection's last; what arrives
// after it is thrown away. A client has limited time to send a request, and to take each piece of
// an answer; the idle connection is kept for a minute.
// Threads: all from the one that runs the event loop. Ownership: lives until Serve() has ended;
// refers to the site and the connections, which must live longer. Errors: end the connection.
#ifndef SAHPOOL_TOOLS_SERVER_CONNECTION_H_
#define SAHPOOL_TOOLS_SERVER_CONNECTION_H_

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "connections.h"
#include "coroutine.h"
#include "request.h"
#include "site.h"

namespace sahpool::serve {

class Connection : private Peer {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const Site& site, Connections& connections);
  ~Connection();

  Task<void> Serve();

 private:
  struct Exchange {
    Answer answer;
    int version = 11;
    bool with_body = true;  // not for HEAD and 304
    bool keep_alive = false;
  };

  // Receives a request. Nothing when the connection has ended.
  Task<std::optional<Exchange>> Receive();
  Task<bool> ReadMore();
  Exchange Respond(std::string_view head);
  Exchange Refuse(const Refusal& refusal) const;

  // False when the client did not take it.
  Task<bool> Send(const Exchange& exchange);

  // Ends a connection whose client may still be sending: closed at once, it might lose the answer.
  Task<void> EndSlowly();

  void SetDeadline(Clock::duration from_now) { deadline_ = Clock::now() + from_now; }

  const Site& site_;
  Connections& connections_;
  std::string received_;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_CONNECTION_H_
