// The connections that are open: which of them is to be closed for being late, or to make room.
//
// Contract: their order is that of their last progress, so a client that does nothing is the first
// to go, whatever it waits for. Closing one makes its own code end, which then removes it.
// Threads: all from the one that runs the event loop. Ownership: refers to each between Add() and
// Remove(). Errors: none.
#ifndef SAHPOOL_TOOLS_SERVER_CONNECTIONS_H_
#define SAHPOOL_TOOLS_SERVER_CONNECTIONS_H_

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <list>
#include <utility>

namespace sahpool::serve {

class Connections;

// What is known of a connection here.
class Peer {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Peer(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

 protected:
  ~Peer() = default;

  boost::asio::ip::tcp::socket socket_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool is_idle_ = false;  // nothing of a request has arrived yet

 private:
  friend class Connections;
  Clock::time_point progress_;
  std::list<Peer*>::iterator place_;
};

class Connections {
 public:
  size_t size() const { return peers_.size(); }
  bool is_draining() const { return draining_; }

  void Add(Peer& peer);
  void Remove(Peer& peer);

  // `peer` got on.
  void Progressed(Peer& peer);

  // Closes the one that has stood still longest, if that is at least `least`. False if none has.
  bool CloseStalest(Peer::Clock::duration least);

  // Closes those whose deadline is over.
  void CloseLate();

  // From now on every connection ends with the answer that is under way; idle ones end at once.
  void Drain();

  void CloseAll();

 private:
  static void Close(Peer& peer);

  std::list<Peer*> peers_;  // the one that has stood still longest is first
  bool draining_ = false;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_CONNECTIONS_H_
