#include "connections.h"

#include <boost/system/error_code.hpp>

namespace sahpool::serve {

void Connections::Add(Peer& peer) {
  peer.place_ = peers_.insert(peers_.end(), &peer);
  peer.progress_ = Peer::Clock::now();
}

void Connections::Remove(Peer& peer) { peers_.erase(peer.place_); }

void Connections::Progressed(Peer& peer) {
  peer.progress_ = Peer::Clock::now();
  peers_.splice(peers_.end(), peers_, peer.place_);
}

bool Connections::CloseStalest(Peer::Clock::duration least) {
  const Peer::Clock::time_point latest = Peer::Clock::now() - least;
  for (Peer* peer : peers_) {
    if (peer->progress_ > latest) return false;
    if (!peer->socket_.is_open()) continue;  // closed already, and about to be removed
    Close(*peer);
    return true;
  }
  return false;
}

void Connections::CloseLate() {
  const Peer::Clock::time_point now = Peer::Clock::now();
  for (Peer* peer : peers_) {
    if (peer->deadline_ < now) Close(*peer);
  }
}

void Connections::Drain() {
  draining_ = true;
  for (Peer* peer : peers_) {
    if (peer->is_idle_) Close(*peer);
  }
}

void Connections::CloseAll() {
  for (Peer* peer : peers_) Close(*peer);
}

// Removes nothing: what waits for the socket is told so later, from the event loop.
void Connections::Close(Peer& peer) {
  boost::system::error_code ignored;
  ignored = peer.socket_.close(ignored);
}

}  // namespace sahpool::serve
