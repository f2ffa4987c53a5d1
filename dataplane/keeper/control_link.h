// The data plane's end of the control channel: an AF_UNIX SOCK_SEQPACKET socket that admin connects to, one
// message per record. Only processes of our own user are let in (SO_PEERCRED). One admin at a time: a newer
// connection replaces the older, which is closed, so that a hung admin cannot keep a fresh one out. Never
// waits: a peer that does not read is disconnected. Keeper thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/keeper/descriptor.h"
#include "schemas/control_frame.h"

namespace sluice::dataplane {

class ControlLink {
 public:
  // A socket file that nobody answers on is removed; one that answers is an error.
  static std::expected<ControlLink, std::string> listen(const std::string& path);
  ControlLink(ControlLink&&) = default;
  ControlLink& operator=(ControlLink&&) = delete;
  ~ControlLink();  // Removes the socket file.

  int listening_descriptor() const { return listening_.get(); }
  int connection_descriptor() const { return connection_.get(); }  // -1: no admin.
  // Counts connections; an answer belongs to the one its offer came on.
  uint64_t connection_number() const { return connection_number_; }

  // Call when listening_descriptor() is readable. True: a new admin is connected and waits for HELLO.
  bool accept();

  struct Received {
    ControlMessage message;
    Descriptor descriptor;  // The memfd of an offer; closed when nothing came.
  };
  // Call until it gives nothing: no more records, or the connection ended (its descriptor is -1 then).
  std::optional<Received> receive();

  // `attachment` -1: none. Without an admin, or when it does not read, the message is lost.
  void send(std::span<const std::byte> message, int attachment = -1);

 private:
  ControlLink(std::string path, Descriptor listening)
      : path_(std::move(path)), listening_(std::move(listening)) {}
  void close_connection(const char* why);

  std::string path_;
  Descriptor listening_;
  Descriptor connection_;
  uint64_t connection_number_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace sluice::dataplane
