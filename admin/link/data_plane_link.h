// The connection to the data plane of this machine, on a thread of its own: finds it again whenever it is
// gone (50 ms growing to 1 s, jittered), and keeps it on the snapshot that is wanted. Everybody else hands
// in what is wanted, waits for outcomes, and reads a view. Blocks nobody for longer than it says.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "admin/link/control_socket.h"
#include "admin/link/link_state.h"
#include "schemas/base/rng.h"

namespace sluice::admin {

struct LinkOptions {
  std::string socket_path;
  uid_t uid = 0;      // The data plane must run as this user.
  uint64_t seed = 0;  // Of the jitter.
};

enum class OutcomeKind : uint8_t {
  applied,
  rejected,
  not_connected,  // At the time of asking.
  conflict,       // The data plane is ahead (database lost or restored): the generation must be raised.
  timed_out,      // No verdict before the deadline; it is still wanted and may be applied later.
};
struct Outcome {
  OutcomeKind kind = OutcomeKind::not_connected;
  AppliedMessage applied;
  RejectedMessage rejected;
  Generation seen;  // conflict: what the data plane has.
  ContentHash seen_hash;
};

class DataPlaneLink {
 public:
  explicit DataPlaneLink(LinkOptions options);
  ~DataPlaneLink();  // Stops the thread.

  // `on_event` runs on the link's thread, without locks; it must not block and must not call wait().
  // Call once.
  void start(std::function<void(const LinkEvent&)> on_event);
  void stop();

  // ---- any thread
  // Replaces what was wanted before, offered or not.
  void want(SnapshotOffer offer);
  Outcome wait(Generation generation, Duration timeout);
  // Has the data plane verify a snapshot without applying it.
  CheckVerdict check(SnapshotOffer offer, Duration timeout);
  DataPlaneView view() const;

 private:
  void run();
  bool try_connect();  // True: connected and greeted.
  bool greet(ReceivedFrame frame);
  void serve();                                // Until the connection ends.
  std::optional<std::string> read_messages();  // The reason to close, if there is one.
  std::optional<std::string> send_due_offer();
  void deliver_events();
  void disconnect(const std::string& reason);
  void lose(const std::string& reason);
  bool wait_for_input(int fd, Duration time);  // True: `fd` has something.
  void pause(Duration time);
  void wake();
  bool is_stopping() const;

  const LinkOptions options_;
  std::function<void(const LinkEvent&)> on_event_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // After every message and connection change.
  LinkState state_;
  bool stopping_ = false;

  // The link's thread only.
  Descriptor wake_;
  std::optional<ControlSocket> socket_;
  Rng jitter_;
  Duration backoff_;
  uint32_t attempts_ = 0;
  std::string logged_trouble_;

  std::thread thread_;
};

}  // namespace sluice::admin
