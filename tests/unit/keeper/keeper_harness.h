// A whole keeper on a thread, with fake workers on its shelf, and an admin that speaks the control protocol
// over the real socket (admin's own end of it).
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "admin/link/control_socket.h"
#include "dataplane/keeper/keeper.h"
#include "tests/unit/decide/snapshot_builder.h"
#include "tests/unit/keeper/fake_workers.h"
#include "tests/unit/keeper/sealed.h"

namespace sluice::testing {

inline constexpr uint32_t kHarnessWorkers = 2;

// A folder in memory, for this test alone.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  std::string path;
};

class KeeperHarness {
 public:
  explicit KeeperHarness(const std::string& data_dir, FakeWorkers::Pins pins = FakeWorkers::Pins::none,
                         dataplane::KeeperOptions options = {});
  ~KeeperHarness();  // Ends it cleanly when the test did not.

  void signal(int number);
  int wait();  // For run() to return.
  int stop() {
    signal(SIGTERM);
    return wait();
  }
  // Number of the snapshot on the shelf, 0 without.
  uint64_t served() const;
  void wait_until_served(uint64_t number) const;

  const std::string socket_path;
  dataplane::Shelf shelf;

 private:
  dataplane::Descriptor signals_[2];
  dataplane::StatsMemory stats_;
  dataplane::AccessLogRing ring_;
  dataplane::AccessLogWriter access_log_;
  FakeWorkers workers_;
  std::unique_ptr<dataplane::Keeper> keeper_;
  std::thread thread_;
  int code_ = -1;

 public:
  FakeWorkers& workers() { return workers_; }
};

// What a test offers: one http listener on `port`, one route per name.
std::vector<std::byte> snapshot_on(uint16_t port, uint32_t routes = 1, const std::string& log_path = "");
wire::Limits limits_with_drain(uint32_t milliseconds);
uint16_t free_port();
bool can_connect(uint16_t port);

class TestAdmin {
 public:
  // Connects (the keeper may still be starting) and takes HELLO.
  explicit TestAdmin(const std::string& socket_path);

  void offer(std::span<const std::byte> bytes, OfferMessage message, int seals = kAllSeals);
  void send(std::span<const std::byte> bytes);
  // The next message of that kind; STATUS and STABLE in between are skipped, anything else fails the test.
  template <typename Message>
  Message next() {
    while (auto message = receive()) {
      if (auto* wanted = std::get_if<Message>(&*message)) return std::move(*wanted);
      const bool may_skip =
          std::holds_alternative<StatusMessage>(*message) || std::holds_alternative<StableMessage>(*message);
      EXPECT_TRUE(may_skip) << "message of kind " << message->index();
      if (!may_skip) break;
    }
    ADD_FAILURE() << "the message did not come";
    return {};
  }
  bool is_closed();  // Waits for the end.

  HelloMessage hello;
  admin::Descriptor stats;

 private:
  std::optional<ControlMessage> receive();  // Nothing: closed, or silent for ten seconds.
  std::optional<admin::ControlSocket> socket_;
};

// Offers 1/`number` and takes both good answers.
AppliedMessage apply(TestAdmin& admin, std::span<const std::byte> bytes, uint64_t number);
std::string rejection(TestAdmin& admin);  // The code of the next message, which must be REJECTED.

}  // namespace sluice::testing
