#include "tools/origin/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::origin {

Server::Server(const Settings& settings) {
  site_.settings = settings;
  site_.plain = plain_answer(settings, true);
  site_.plain_head_only = plain_answer(settings, false);
}

Server::~Server() {
  entries_.clear();
  if (listener_ >= 0) close(listener_);
  if (poll_ >= 0) close(poll_);
}

std::expected<std::unique_ptr<Server>, std::string> Server::open(const std::string& host, uint16_t port,
                                                                 const Settings& settings) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return std::unexpected("'" + host + "' is not an IPv4 address");
  }
  std::unique_ptr<Server> server(new Server(settings));
  server->poll_ = epoll_create1(EPOLL_CLOEXEC);
  server->listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(server->listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server->listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(server->listener_, 4096) != 0) {
    return std::unexpected("cannot listen on " + host + ":" + std::to_string(port) + ": " + strerror(errno));
  }
  socklen_t length = sizeof address;
  getsockname(server->listener_, reinterpret_cast<sockaddr*>(&address), &length);
  server->port_ = ntohs(address.sin_port);
  epoll_event event{.events = EPOLLIN, .data = {.fd = server->listener_}};
  epoll_ctl(server->poll_, EPOLL_CTL_ADD, server->listener_, &event);
  return server;
}

void Server::run(const volatile std::sig_atomic_t& stop) {
  epoll_event events[256];
  while (stop == 0) {
    const int count = epoll_wait(poll_, events, 256, wait_milliseconds());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener_) {
        accept_all();
      } else {
        serve(events[i].data.fd, events[i].events);
      }
    }
    fire_timers();
  }
}

void Server::accept_all() {
  while (true) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Entry& entry = entries_[descriptor];
    entry.connection = std::make_unique<Connection>(descriptor, site_);
    entry.watched = EPOLLIN;
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event);
    ++site_.counters.connections;
    ++site_.counters.connections_open;
  }
}

void Server::serve(int descriptor, uint32_t events) {
  const auto found = entries_.find(descriptor);
  if (found == entries_.end()) return;
  Connection& connection = *found->second.connection;
  bool alive = true;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) alive = false;
  if (alive && (events & EPOLLIN) != 0) alive = connection.on_readable();
  if (alive && (events & EPOLLOUT) != 0) alive = connection.on_writable();
  after_event(descriptor, connection, alive);
}

void Server::fire_timers() {
  const Clock::time_point now = timers_.empty() ? Clock::time_point() : Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const auto [deadline, descriptor] = *timers_.begin();
    timers_.erase(timers_.begin());
    const auto found = entries_.find(descriptor);
    if (found == entries_.end() || found->second.deadline != deadline) continue;
    found->second.deadline = Clock::time_point::max();
    Connection& connection = *found->second.connection;
    after_event(descriptor, connection, connection.on_timer());
  }
}

// Destroys the connection, or brings what epoll and the timers watch up to date.
void Server::after_event(int descriptor, Connection& connection, bool alive) {
  const auto found = entries_.find(descriptor);
  if (!alive) {
    entries_.erase(found);
    --site_.counters.connections_open;
    return;
  }
  Entry& entry = found->second;
  const uint32_t wanted = (connection.wants_read() ? static_cast<uint32_t>(EPOLLIN) : 0u) |
                          (connection.wants_write() ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  if (wanted != entry.watched) {
    epoll_event event{.events = wanted, .data = {.fd = descriptor}};
    epoll_ctl(poll_, EPOLL_CTL_MOD, descriptor, &event);
    entry.watched = wanted;
  }
  if (connection.deadline() != entry.deadline) {
    entry.deadline = connection.deadline();
    if (entry.deadline != Clock::time_point::max()) timers_.emplace(entry.deadline, descriptor);
  }
}

int Server::wait_milliseconds() const {
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(timers_.begin()->first - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left + 1, 0, 60'000));
}

}  // namespace sluice::origin
