// Which hosts a request may name. A page of another site can have its own name resolve to this
// machine; its requests then name that site, and are refused.
//
// Contract: allowed are localhost, names below it, all IP addresses, and what Allow() adds.
// Threads: const members are safe from any thread once all names are added. Ownership: values.
// Errors: none.
#ifndef SAHPOOL_TOOLS_SERVER_HOSTS_H_
#define SAHPOOL_TOOLS_SERVER_HOSTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace sahpool::serve {

class Hosts {
 public:
  // Allows the host `name`; with a dot in front also all names below it.
  void Allow(std::string_view name);

  // `authority` is a host with or without a port, as a Host header has it.
  bool Allows(std::string_view authority) const;

 private:
  std::vector<std::string> names_ = {".localhost"};
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_HOSTS_H_
