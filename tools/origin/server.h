// The demo origin's event loop: one thread, epoll, a map of timers. Start several processes for more cores.
#pragma once

#include <csignal>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "tools/origin/connection.h"

namespace sluice::origin {

class Server {
 public:
  // Binds; port 0 takes a free one. The error is one line.
  static std::expected<std::unique_ptr<Server>, std::string> open(const std::string& host, uint16_t port,
                                                                  const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const { return port_; }
  void run(const volatile std::sig_atomic_t& stop);  // Until `stop` is set by a signal handler.

 private:
  explicit Server(const Settings& settings);
  void accept_all();
  void serve(int descriptor, uint32_t events);
  void fire_timers();
  void after_event(int descriptor, Connection& connection, bool alive);
  int wait_milliseconds() const;

  struct Entry {
    std::unique_ptr<Connection> connection;
    Clock::time_point deadline = Clock::time_point::max();
    uint32_t watched = 0;
  };

  Site site_;
  int poll_ = -1;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::unordered_map<int, Entry> entries_;
  std::multimap<Clock::time_point, int> timers_;
};

}  // namespace sluice::origin
