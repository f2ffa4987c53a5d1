// The admin's end of the control socket: one SOCK_SEQPACKET connection to the data plane. Connects, checks
// who listens, sends and receives whole messages with at most one descriptor each. One thread.
#pragma once

#include <sys/types.h>

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "admin/link/descriptor.h"
#include "schemas/control_frame.h"

namespace sluice::admin {

struct ReceivedFrame {
  ControlMessage message;
  Descriptor descriptor;  // Open when one came along.
};

enum class ReceiveEnd : uint8_t { nothing_now, closed, failed };
struct ReceiveError {
  ReceiveEnd end = ReceiveEnd::failed;
  std::string message;
};

class ControlSocket {
 public:
  // Does not block. Refuses a listener that runs as a user other than `uid`.
  static std::expected<ControlSocket, std::string> connect(const std::string& path, uid_t uid);

  int fd() const { return socket_.get(); }
  pid_t peer_pid() const { return peer_pid_; }
  // The next message, without blocking. Any message that is not one of ours ends the connection.
  std::expected<ReceivedFrame, ReceiveError> receive();
  // Waits up to a second for room. `descriptor` < 0: none.
  std::expected<void, std::string> send(std::span<const std::byte> bytes, int descriptor);

 private:
  ControlSocket(Descriptor socket, pid_t peer_pid);
  Descriptor socket_;
  pid_t peer_pid_;
  std::vector<std::byte> buffer_;
};

}  // namespace sluice::admin
