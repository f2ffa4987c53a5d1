// The listening sockets: one per (address, worker), all in one SO_REUSEPORT group, so that the kernel spreads
// connections and no worker shares an accept queue.
//
// 1. A socket whose address stays keeps its descriptor across reloads; its queue is never lost.
// 2. prepare() changes nothing that serves: new sockets are bound and listening before anybody is told, and
//    are closed again when the caller drops the plan (all or nothing).
// 3. A removed socket is closed only when every worker said that it has no accept in flight on it.
// 4. An address that somebody else listens on is an error, even when that process has our uid and
//    SO_REUSEPORT, where the kernel would let us take half of its connections.
// Keeper thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "dataplane/keeper/descriptor.h"

namespace sluice::dataplane {

struct ListenerWish {
  std::string name;
  sockaddr_storage address{};  // AF_INET or AF_INET6, port not 0.
};

struct ListenerError {
  std::string path;  // "listeners[web].address"
  std::string message;
};

// "127.0.0.1:80", "[::1]:80"
std::string describe_address(const sockaddr_storage& address);

class ListenerSet {
 public:
  explicit ListenerSet(uint32_t worker_count) : worker_count_(worker_count) {}

  struct Plan {
    std::vector<std::vector<int>> sockets;  // [wish][worker], ready for Published.
    uint32_t opened_count = 0;              // Addresses.
    uint32_t closed_count = 0;

   private:
    friend class ListenerSet;
    struct Fresh {
      sockaddr_storage address;
      std::vector<Descriptor> sockets;
    };
    std::vector<Fresh> fresh;
    std::vector<sockaddr_storage> wanted;
  };
  std::expected<Plan, ListenerError> prepare(std::span<const ListenerWish> wishes);

  // The publication `version` will name plan.sockets: from now on the new sockets are ours, and those it no
  // longer names wait for close_settled().
  void commit(Plan plan, uint64_t version);
  // Closes what was removed by a version that every worker has settled.
  void close_settled(uint64_t version_settled_by_all);

  // New connections are refused from now on; descriptors stay valid for whoever still holds an accept.
  void stop_listening();

  uint32_t open_count() const { return static_cast<uint32_t>(groups_.size()); }
  uint32_t retiring_count() const { return static_cast<uint32_t>(retiring_.size()); }

 private:
  struct Group {
    sockaddr_storage address{};
    std::vector<Descriptor> sockets;  // One per worker.
    uint64_t removed_by = 0;          // Version; retiring_ only.
  };
  const Group* find(const sockaddr_storage& address) const;
  bool overlaps_ours(const sockaddr_storage& address, const Plan& plan) const;
  std::expected<std::vector<Descriptor>, int> open_group(const sockaddr_storage& address, const Plan& plan);

  uint32_t worker_count_;
  std::vector<Group> groups_;
  std::vector<Group> retiring_;
};

}  // namespace sluice::dataplane
