// What happens on a generator's connections: connect, send, receive, close.
#include <cerrno>
#include <cstring>

#include "bench/load/generator.h"
#include "schemas/base/check.h"

namespace sluice::load {

using dataplane::Completion;
using dataplane::OpKind;
using State = Connection::State;

namespace {

// A budget no answer exhausts soon; at its end the receive is armed anew.
constexpr uint32_t kReceiveBudgetBytes = 16 * 1024 * 1024;

// A refused connection is tried again after this, or a closed loop would spin on it.
constexpr Duration kPauseAfterRefusal = 10_ms;

// One address of ours has about 28,000 ports towards one server; on loopback every 127.0.0.x is ours.
constexpr uint32_t kConnectionsPerSource = 20'000;

void choose_source(int descriptor, const sockaddr_storage& server, uint32_t slot) {
  if (slot < kConnectionsPerSource || server.ss_family != AF_INET) return;
  sockaddr_in source{};
  std::memcpy(&source, &server, sizeof(source));
  if ((ntohl(source.sin_addr.s_addr) >> 24) != 127) return;
  source.sin_port = 0;
  source.sin_addr.s_addr = htonl(0x7f000001 + slot / kConnectionsPerSource);
  const int on = 1;
  (void)setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  (void)bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof(source));  // Else connect fails.
}

}  // namespace

void Generator::open(Connection& connection) {
  CHECK(connection.state == State::closed);
  connection.descriptor = ring_->open_socket(options_.address.ss_family);
  if (connection.descriptor < 0) {
    connection.descriptor = -1;
    connection.was_refused = true;
    end_request(connection, Outcome::connect_failed);
    after_close(connection);
    return;
  }
  choose_source(connection.descriptor, options_.address, connection.slot);
  connection.state = State::connecting;
  connection.answered = 0;
  connection.request.sent = ring_->now();
  ++result_.connects;
  sent_.push_back(
      {ring_->now() + options_.timeout, connection.slot, connection.request.id, connection.request.attempts});
  ring_->connect(connection.token(OpKind::connect), connection.connect_op, connection.descriptor,
                 options_.address);
}

void Generator::send_request(Connection& connection) {
  Request& request = connection.request;
  ++request.attempts;
  request.sent = ring_->now();
  sent_.push_back({request.sent + options_.timeout, connection.slot, request.id, request.attempts});
  connection.reader.reset(options_.method == "HEAD" && !request.is_post);
  build_head(connection);
  const bool has_body =
      request.is_post || options_.method == "POST" || options_.method == "PUT" || options_.method == "PATCH";
  connection.to_send = connection.head.size() + (has_body ? body_.size() : 0);
  connection.sent = 0;
  submit_send(connection);
}

void Generator::build_head(Connection& connection) {
  const bool is_post = connection.request.is_post;
  char id[16];
  write_request_id(connection.request.id, id);
  connection.head.assign(head_before_id_[is_post]);
  connection.head.append(id, sizeof(id));
  connection.head.append(head_after_id_[is_post]);
}

void Generator::submit_send(Connection& connection) {
  dataplane::GatherHeader& gather = connection.gather;
  size_t count = 0;
  if (connection.sent < connection.head.size()) {
    gather.ranges[count++] = {connection.head.data() + connection.sent,
                              connection.head.size() - connection.sent};
  }
  const size_t body_sent = std::max(connection.sent, connection.head.size()) - connection.head.size();
  const size_t body_bytes = connection.to_send - connection.head.size();
  if (body_sent < body_bytes) gather.ranges[count++] = {body_.data() + body_sent, body_bytes - body_sent};
  if (count == 1) {
    const iovec& only = gather.ranges[0];
    ring_->send(connection.token(OpKind::send), connection.send_op, connection.descriptor,
                {static_cast<const std::byte*>(only.iov_base), only.iov_len}, false);
    return;
  }
  gather.message = {};
  gather.message.msg_iov = gather.ranges;
  gather.message.msg_iovlen = count;
  ring_->send_gathered(connection.token(OpKind::send), connection.send_op, connection.descriptor, gather,
                       false);
}

// ---- completions

void Generator::dispatch(const Completion& completion) {
  Connection& connection = *connections_[completion.token.slot];
  CHECK(connection.generation == completion.token.generation);  // A descriptor outlives its ops.
  switch (completion.token.kind) {
    case OpKind::connect:
      connection.connect_op.finish();
      on_connect(connection, completion.result);
      break;
    case OpKind::send:
      connection.send_op.finish();
      on_send(connection, completion.result);
      break;
    case OpKind::receive:
      on_receive(connection, completion);
      break;
    case OpKind::cancel:
      connection.cancel_op.finish();
      break;
    default:
      CHECK(false);
  }
  settle_close(connection);
}

void Generator::on_connect(Connection& connection, int32_t result) {
  if (connection.state == State::closing) return;
  if (result < 0) {
    if (connection.has_request) end_request(connection, Outcome::connect_failed);
    connection.was_refused = true;
    begin_close(connection);
    return;
  }
  connection.state = State::open;
  ring_->receive(connection.token(OpKind::receive), connection.receive_op, connection.descriptor,
                 kReceiveBudgetBytes, true);
  send_request(connection);
}

void Generator::on_send(Connection& connection, int32_t result) {
  if (connection.state != State::open || !connection.has_request) return;
  if (result < 0) return;  // The receive tells how the connection ended.
  connection.sent += static_cast<size_t>(result);
  if (connection.sent < connection.to_send) submit_send(connection);
}

void Generator::on_receive(Connection& connection, const Completion& completion) {
  if (!completion.more_to_come) connection.receive_op.finish();
  if (completion.buffer != dataplane::kNoBuffer) {
    if (connection.state == State::open && completion.result > 0) {
      const std::byte* data = buffers_.bytes(completion.buffer).data() + dataplane::kHeadroomBytes;
      take_bytes(connection, {reinterpret_cast<const char*>(data), static_cast<size_t>(completion.result)});
    }
    buffers_.release(completion.buffer);
  }
  if (connection.state != State::open) return;
  const bool is_error = completion.result < 0 && completion.result != -ENOBUFS;
  if (completion.result == 0 || is_error) {
    on_end_of_input(connection, is_error);
  } else if (!completion.more_to_come) {
    ring_->receive(connection.token(OpKind::receive), connection.receive_op, connection.descriptor,
                   kReceiveBudgetBytes, false);
  }
}

void Generator::take_bytes(Connection& connection, std::string_view bytes) {
  if (!connection.has_request) {  // Nobody asked: what follows cannot be trusted either.
    begin_close(connection);
    return;
  }
  size_t consumed = 0;
  switch (connection.reader.read(bytes, consumed)) {
    case ReadResult::need_more:
      return;
    case ReadResult::broken:
      end_request(connection, Outcome::broken);
      begin_close(connection);
      return;
    case ReadResult::complete:
      break;
  }
  const bool goes_on = connection.reader.keeps_alive() && !options_.new_connections &&
                       consumed == bytes.size() && connection.sent == connection.to_send;
  ++connection.answered;
  end_request(connection, Outcome::answered);
  if (goes_on) {
    list_free(connection);
  } else {
    begin_close(connection);
  }
}

void Generator::on_end_of_input(Connection& connection, bool is_reset) {
  if (!connection.has_request) {
    // An idle connection: its slot is among the free ones and opens a new one when its turn comes.
    begin_close(connection);
    return;
  }
  const bool is_stale = connection.answered > 0 && !connection.reader.has_begun() &&
                        connection.request.attempts == 1 && options_.retry_stale &&
                        !connection.request.is_post && options_.method != "POST";
  if (is_stale) {
    ++result_.stale_retries;  // The request stays and goes out again on the next connection.
  } else if (!is_reset && connection.reader.ends_with_connection()) {
    end_request(connection, Outcome::answered);
  } else {
    end_request(connection, is_reset ? Outcome::reset : Outcome::closed);
  }
  begin_close(connection);
}

// ---- closing

void Generator::begin_close(Connection& connection) {
  if (connection.state == State::closed || connection.state == State::closing) return;
  connection.state = State::closing;
  if (connection.has_ops()) {
    ring_->cancel(connection.token(OpKind::cancel), connection.cancel_op, connection.descriptor);
  }
  settle_close(connection);
}

void Generator::settle_close(Connection& connection) {
  if (connection.state != State::closing || connection.has_ops()) return;
  ring_->close(connection.descriptor);
  connection.descriptor = -1;
  connection.state = State::closed;
  ++connection.generation;
  after_close(connection);
}

void Generator::after_close(Connection& connection) {
  if (connection.has_request) {
    open(connection);  // The second try of a request whose connection was stale.
  } else if (connection.was_refused) {
    connection.was_refused = false;
    pauses_.emplace_back(ring_->now() + kPauseAfterRefusal, connection.slot);
  } else {
    list_free(connection);
  }
}

}  // namespace sluice::load
