// The world under a simulated ring: time, sockets, and what the network does to them. Two kinds of ends:
// sockets with a descriptor belong to the ring (the proxy under test), sockets with an actor to a script
// that plays a client or an origin. Everything is decided by the seed; nothing here reads a clock.
//
// 1. Bytes on a connection stay in order, and end with FIN or a reset; a reset may destroy what was on its
//    way but never what had arrived at a socket of the ring (Linux keeps a reset socket's receive queue).
// 2. A direction holds at most its window: a writer that finds it full hears of it when there is room.
// 3. Descriptors are reused at once, lowest first, as a kernel does.
// 4. Sockets live as long as the kernel, so scripts may keep pointers.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <vector>

#include "schemas/base/rng.h"
#include "schemas/base/units.h"
#include "tests/sim/byte_queue.h"
#include "tests/sim/faults.h"
#include "tests/sim/trace.h"

namespace sluice::sim {

struct Socket;

// A script. Called inside SimKernel::run_due(), never from inside a call of the ring's owner.
class SimActor {
 public:
  virtual ~SimActor() = default;
  virtual void on_accepted(Socket&) {}
  virtual void on_connected(Socket&, int /*error*/) {}  // error 0: connected
  virtual void on_input(Socket&) {}                     // Bytes, an end or a reset can be read.
  virtual void on_writable(Socket&) {}                  // A write that did not fit may go on.
};

struct Socket {
  enum class State : uint8_t { fresh, connecting, connected, listening, closed };

  uint32_t id = 0;
  State state = State::fresh;
  int descriptor = -1;  // In the ring's table; -1: an actor's.
  SimActor* actor = nullptr;
  Socket* other = nullptr;
  sockaddr_storage local{};
  sockaddr_storage remote{};

  ByteQueue input;  // What the other end wrote: arrived first, then what is on its way.
  uint64_t arrived = 0;
  uint64_t window = 65536;
  bool end_arrived = false;
  bool end_sent = false;    // This end sent FIN.
  bool is_dead = false;     // A reset went either way.
  int error = 0;            // Reported once, like SO_ERROR.
  bool wants_room = false;  // This end's last write did not fit.

  Duration delay;  // Of the path towards this end.
  Duration jitter;
  Instant last_arrival;            // Keeps what travels towards this end in order.
  uint64_t written = 0;            // Bytes this end wrote.
  uint64_t reset_at = UINT64_MAX;  // Faults on what this end writes.
  uint64_t end_at = UINT64_MAX;
  bool was_cut = false;  // One of the two has struck: the other end saw less than was written.

  std::deque<Socket*> backlog;  // Listening: connected and not yet accepted.
};

// What the ring model wants to hear about sockets with a descriptor.
class RingSide {
 public:
  virtual ~RingSide() = default;
  virtual void on_socket_changed(Socket& socket) = 0;
  virtual uint32_t ops_in_flight() const = 0;
  virtual bool is_idle() const = 0;  // The last wait found nothing that could ever end it.
};

class SimKernel {
 public:
  SimKernel(uint64_t seed, const FaultConfig& faults);
  ~SimKernel();
  SimKernel(const SimKernel&) = delete;
  SimKernel& operator=(const SimKernel&) = delete;
  // The one that lives on this thread; Ring::open() binds to it.
  static SimKernel* current();

  // ---- time and chance
  Instant now() const { return now_; }
  void advance_to(Instant when) { now_ = when > now_ ? when : now_; }
  Instant next_event() const { return events_.empty() ? Instant::never() : events_.top().when; }
  void run_due();  // Everything whose time has come, in order.
  void call_at(Instant when, std::function<void()> call);
  bool strikes(Fault fault) { return faults_[fault] != 0 && rng_.chance(faults_[fault], 65536); }
  Rng& rng() { return rng_; }
  FaultConfig& faults() { return faults_; }
  Trace& trace() { return *trace_; }
  void note(const char* label, int64_t first = 0, int64_t second = 0, int64_t third = 0) {
    trace_->add(now_, label, first, second, third);
  }

  // ---- for scripts
  void listen(const sockaddr_storage& address, SimActor& actor);
  void stop_listening(const sockaddr_storage& address);  // From now on connects are refused.
  Socket& connect(const sockaddr_storage& address, SimActor& actor);

  // ---- both ends. Results are byte counts or negated errnos; read 0 is the end of input.
  int64_t write(Socket& from, std::span<const std::byte> bytes);
  int64_t read(Socket& socket, std::span<std::byte> out);
  std::string read_all(Socket& socket);        // What has arrived; empty also at the end.
  bool is_at_end(const Socket& socket) const;  // Nothing left and nothing will come.
  void shutdown_write(Socket& socket);
  void reset(Socket& socket);  // And close.
  void close(Socket& socket);  // A reset when input was left unread.

  // ---- for the ring
  void attach(RingSide* ring) { ring_ = ring; }
  RingSide* ring() const { return ring_; }
  int listen_descriptor(const sockaddr_storage& address);  // What a keeper would have bound.
  int open_socket(int family);
  void start_connect(Socket& socket, const sockaddr_storage& address);
  int assign_descriptor(Socket& socket);
  void release_descriptor(int descriptor);
  Socket& socket_of(int descriptor);  // Aborts on a descriptor that is not open.
  bool is_open(int descriptor) const;
  uint32_t open_descriptors() const;  // Without listeners.

 private:
  enum class EventKind : uint8_t { bytes, end, reset, room, connect_done, accepted, call };
  struct Event {
    Instant when;
    uint64_t sequence;
    EventKind kind;
    Socket* socket;
    uint64_t amount;
    bool operator>(const Event& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  struct Listener {
    sockaddr_storage address;
    SimActor* actor;
    Socket* socket;  // Of the ring; null for an actor's.
  };

  Socket& add_socket();
  void add_event(Instant when, EventKind kind, Socket* socket, uint64_t amount);
  void run(const Event& event);
  void run_connect_done(Socket& socket, int error);
  void run_reset(Socket& socket);
  void changed(Socket& socket);
  Instant arrival_at(Socket& target);
  void send_reset(Socket& from);
  void forget_input(Socket& socket);
  uint64_t accept_output(Socket& from, uint64_t count);
  Socket& make_pair_with(Socket& connecting, const Listener& listener);
  void draw_path(Socket& socket);
  Listener* find_listener(const sockaddr_storage& address);

  Rng rng_;
  FaultConfig faults_;
  Instant now_{1'000'000'000};
  uint64_t sequence_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<std::function<void()>> calls_;
  std::vector<uint32_t> free_calls_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<Socket*> descriptors_;
  std::vector<Listener> listeners_;
  RingSide* ring_ = nullptr;
  std::unique_ptr<Trace> trace_;
};

sockaddr_storage ipv4_address(uint8_t last_octet, uint16_t port);  // 10.0.0.x:port
bool same_address(const sockaddr_storage& left, const sockaddr_storage& right);

}  // namespace sluice::sim
