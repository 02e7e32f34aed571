#include "hosts.h"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/ip/address.hpp>

namespace sahpool::serve {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Without ":port"; empty when what follows the host is no port.
std::string_view WithoutPort(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') : 0;
  if (end == std::string_view::npos) return {};
  const size_t colon = authority.find(':', end);
  if (colon == std::string_view::npos) return authority;
  const std::string_view port = authority.substr(colon + 1);
  return std::all_of(port.begin(), port.end(), IsDigit) ? authority.substr(0, colon)
                                                        : std::string_view();
}

bool IsAddress(std::string_view host) {
  boost::system::error_code error;
  if (host.starts_with('[') && host.ends_with(']')) {
    boost::asio::ip::make_address_v6(std::string(host.substr(1, host.size() - 2)), error);
  } else {
    boost::asio::ip::make_address_v4(std::string(host), error);
  }
  return !error;
}

}  // namespace

void Hosts::Allow(std::string_view name) { names_.emplace_back(name); }

bool Hosts::Allows(std::string_view authority) const {
  const std::string_view host = WithoutPort(authority);
  if (host.empty()) return false;
  return IsAddress(host) || std::any_of(names_.begin(), names_.end(), [&](std::string_view name) {
           if (!name.starts_with('.')) return boost::algorithm::iequals(host, name);
           return boost::algorithm::iequals(host, name.substr(1)) ||
                  (host.size() > name.size() && boost::algorithm::iends_with(host, name));
         });
}

}  // namespace sahpool::serve
