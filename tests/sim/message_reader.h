// Reads HTTP/1.1 messages for the scripted clients and origins. Written apart from dataplane/http on
// purpose: a checker that shares the parser it checks would share its mistakes. It is strict about what the
// proxy writes (our own canonical form) and keeps nothing but the current message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::sim {

struct Message {
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;  // Names in lower case.
  // Empty when absent; `count` tells how many there were.
  std::string_view field(std::string_view name) const;
  uint32_t count(std::string_view name) const;
  bool connection_has(std::string_view option) const;
};

enum class Framing : uint8_t { none, length, chunked, until_end, raw };

class MessageReader {
 public:
  enum class State : uint8_t { head, body, done, broken };

  // Appends received bytes; advance() then consumes as far as it can.
  void feed(std::string_view bytes) { pending_.append(bytes); }
  // True when the head just became complete: the caller looks at message() and calls begin_body().
  bool advance_head();
  void begin_body(Framing framing, uint64_t length);
  // Takes out body bytes that are there; sets done at the framing's end.
  std::string advance_body();
  void end_of_input();  // Ends an until_end body.
  void next();          // After done (or an interim head): the next message.
  void be_raw();        // From here on everything is body (a tunnel).

  State state() const { return state_; }
  const Message& message() const { return message_; }
  Framing framing() const { return framing_; }
  uint64_t body_bytes() const { return body_bytes_; }
  const std::string& pending() const { return pending_; }
  bool has_pending() const { return !pending_.empty(); }
  bool is_between_messages() const { return state_ == State::head && pending_.empty(); }
  const std::string& complaint() const { return complaint_; }

 private:
  void broken(std::string why);
  bool take_line(std::string& line);
  std::string advance_chunked();

  State state_ = State::head;
  Message message_;
  Framing framing_ = Framing::none;
  std::string pending_;
  uint64_t remaining_ = 0;
  uint64_t body_bytes_ = 0;
  enum class ChunkPart : uint8_t { size, data, data_end, trailer } chunk_part_ = ChunkPart::size;
  std::string complaint_;
};

}  // namespace sluice::sim
