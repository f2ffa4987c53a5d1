// A whole worker on the simulated ring, driven by a script of actions: clients and origins connect, write
// templates or any bytes, end, reset, stall; time passes, snapshots change, the ring is hostile. What must
// hold after every tick is tests/sim/sim_world.h; what the ends check is scripted_ends.h. (fuzz_whole_proxy
// looks at what passes between one client and one origin; this one at the lifetimes of many.)
//
// The input: two characters choose faults and pool, then actions of one letter each, with an argument of one
// character (its value modulo what there is) or, for raw bytes, everything up to the next 0xff.
//
//   c N   client N connects (anew)          t N   the client sends request template N
//   k N   client N acts from here on        w ..  the client writes these bytes
//   f r   the client's FIN, reset           q u   the client stops reading, goes on
//   o N   the N-th newest origin connection acts from here on
//   a N   it sends answer template N        b ..  it writes these bytes
//   n x   its FIN, reset                    . N   2^(N mod 14) ms pass        s   another snapshot
#include <cstdint>
#include <memory>
#include <string_view>

#include "tests/fuzz/world/scripted_ends.h"
#include "tests/sim/sim_world.h"

namespace sluice::fuzzing {
namespace {

constexpr uint32_t kClients = 4;
constexpr uint32_t kActionsMax = 400;

class Script {
 public:
  Script(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool is_over() const { return rest_.empty(); }
  uint8_t next() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // Printable digits count from zero, so that a script can be read.
  uint32_t number(uint32_t below) { return (next() + 256u - '0') % 256 % below; }
  std::string_view bytes() {
    const size_t end = rest_.find('\xff');
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return taken;
  }

 private:
  std::string_view rest_;
};

sim::WorldOptions options_of(uint32_t choice) {
  sim::WorldOptions options;
  options.seed = 1 + choice;
  options.buffers = {{256, 128, 64, 48}};
  options.client_connections_max = options.origin_connections_max = options.streams_max = 16;
  sim::FaultConfig& faults = options.faults;
  if (choice & 1) faults[sim::Fault::one_byte_receive] = 20'000;
  if (choice & 2) faults[sim::Fault::one_byte_send] = faults[sim::Fault::delayed_send] = 20'000;
  if (choice & 4) faults[sim::Fault::multishot_ends] = faults[sim::Fault::no_buffers] = 5'000;
  if (choice & 8) faults[sim::Fault::small_window] = 40'000;
  if (choice & 16) faults[sim::Fault::cancel_loses] = faults[sim::Fault::delayed_completion] = 20'000;
  faults.one_shot = (choice & 32) != 0;
  return options;
}

sim::SnapshotSpec spec_of(uint32_t choice, uint64_t revision) {
  sim::SnapshotSpec spec;
  spec.revision = revision;
  spec.web_members = {sim::kFirstWebOrigin};
  if (choice & 1) spec.web_members.push_back(sim::kFirstWebOrigin + 1);
  if (choice & 2) spec.web_members.push_back(sim::kFirstDeadOrigin);
  spec.tunnel_members = {sim::kFirstTunnelOrigin};
  spec.mode = (choice & 4) ? wire::PoolMode::failover : wire::PoolMode::load_balancing;
  spec.timeouts = wire::Timeouts(1'000, 2'000, 3'000, 500, 1'500, 2'500, 4'000);
  return spec;
}

class Run {
 public:
  Run(const uint8_t* data, size_t size)
      : script_(data, size), world_(options_of(script_.number(64))), pool_choice_(script_.number(8)) {
    for (uint32_t i = 0; i < 2; ++i)
      origins_.push_back(
          std::make_unique<FuzzOrigin>(world_.kernel(), static_cast<uint8_t>(sim::kFirstWebOrigin + i)));
    world_.publish(spec_of(pool_choice_, 1));
    world_.start();
  }

  void go() {
    for (uint32_t i = 0; i < kActionsMax && !script_.is_over(); ++i) act(script_.next());
    world_.run_for(1_s);
    world_.finish();
  }

 private:
  void act(uint8_t letter);
  void act_as_client(uint8_t letter);
  void act_as_origin(uint8_t letter);

  Script script_;
  sim::SimWorld world_;
  uint32_t pool_choice_;
  std::vector<std::unique_ptr<FuzzOrigin>> origins_;
  // Replaced clients stay: their sockets may still tell them something.
  std::vector<std::unique_ptr<FuzzClient>> clients_;
  FuzzClient* of_number_[kClients] = {};
  uint32_t client_ = 0;
  uint32_t origin_ = 0;
  uint64_t revision_ = 1;
};

void Run::act(uint8_t letter) {
  switch (letter) {
    case 'c':
      client_ = script_.number(kClients);
      clients_.push_back(std::make_unique<FuzzClient>(world_.kernel()));
      of_number_[client_] = clients_.back().get();
      break;
    case 'k':
      client_ = script_.number(kClients);
      break;
    case 'o':
      origin_ = script_.number(16);
      break;
    case '.':
      world_.run_for(Duration::milliseconds(1LL << script_.number(14)));
      break;
    case 's':
      if (revision_ >= 30) break;
      ++revision_;
      world_.publish(spec_of(pool_choice_ ^ static_cast<uint32_t>(revision_ & 3), revision_));
      break;
    default:
      act_as_client(letter);
      act_as_origin(letter);
  }
}

void Run::act_as_client(uint8_t letter) {
  FuzzClient* client = of_number_[client_];
  const auto requests = request_templates();
  switch (letter) {
    case 't': {
      const RequestTemplate& request = requests[script_.number(static_cast<uint32_t>(requests.size()))];
      if (client != nullptr) client->send(request);
      break;
    }
    case 'w': {
      const std::string_view bytes = script_.bytes();
      if (client != nullptr) client->write(bytes);
      break;
    }
    case 'f':
      if (client != nullptr) client->end();
      break;
    case 'r':
      if (client != nullptr) client->reset();
      break;
    case 'q':
    case 'u':
      if (client != nullptr) client->stop_reading(letter == 'q');
      break;
    default:
      break;
  }
}

void Run::act_as_origin(uint8_t letter) {
  FuzzOriginConnection* connection = origins_[origin_ & 1]->connection(origin_ >> 1);
  const auto answers = answer_templates();
  switch (letter) {
    case 'a': {
      const std::string_view answer = answers[script_.number(static_cast<uint32_t>(answers.size()))];
      if (connection != nullptr) connection->write(answer);
      break;
    }
    case 'b': {
      const std::string_view bytes = script_.bytes();
      if (connection != nullptr) connection->write(bytes);
      break;
    }
    case 'n':
      if (connection != nullptr) connection->end();
      break;
    case 'x':
      if (connection != nullptr) connection->reset();
      break;
    default:
      break;
  }
}

}  // namespace
}  // namespace sluice::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) sluice::fuzzing::Run(data, size).go();
  return 0;
}
