// The other end of the control socket for tests of the admin: a thread that speaks control frames over a
// real SEQPACKET socket, checks every offer as the data plane must (seals, size, hash, generation order)
// and answers as the test says. It serves no traffic.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/link/descriptor.h"
#include "schemas/control_frame.h"
#include "schemas/stats_page.h"

namespace sluice::admin {

struct ReceivedOffer {
  OfferMessage message;
  std::string bytes;
};

// What the fake does with an offer that passed its checks.
struct OfferAnswer {
  enum class Kind : uint8_t { apply, reject, silence, close } kind = Kind::apply;
  std::string code;
  std::string path;
  std::string message;
};

class FakeDataPlane {
 public:
  explicit FakeDataPlane(std::string socket_path);
  ~FakeDataPlane();

  // ---- before start(), or while stopped
  HelloMessage hello{.boot_id = 1, .pid = 4242, .version = "0.1.0", .schema_max = 1, .workers = 2};
  bool send_stats_page = true;
  std::function<OfferAnswer(const ReceivedOffer&)> answer = [](const ReceivedOffer&) {
    return OfferAnswer{};
  };

  void start();
  void stop();  // Closes everything, as a process that died; what was applied stays for the next start().

  // ---- any thread
  std::vector<ReceivedOffer> offers() const;
  // False: not within five seconds.
  bool wait_for_offers(size_t count) const;
  bool wait_for_connection() const;
  void send(const std::vector<std::byte>& frame);  // To the connected admin.
  StatsPage& stats() { return *stats_; }
  WorkerStats& worker(uint32_t index) { return stats_->workers[index]; }

 private:
  void run();
  void talk(int connection);
  bool receive_offer(int connection);
  bool respond(int connection, const ReceivedOffer& offer);
  void create_stats_page();

  const std::string socket_path_;
  Descriptor stats_memory_;
  StatsPage* stats_ = nullptr;
  Descriptor listener_;
  int wake_[2] = {-1, -1};
  std::thread thread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<ReceivedOffer> offers_;
  int connection_ = -1;
};

}  // namespace sluice::admin
