// The PROXY protocol on a connection's way in and out: the header a listener waits for before anything else,
// and the one a pool's connections begin with.
#include <algorithm>

#include "dataplane/conn/socket_address.h"
#include "dataplane/http/proxy_protocol.h"
#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kPatienceBeforeTheFirstSnapshot = 10'000;

// One line in the access log, then the reset a closed port would have given.
void refuse(StreamContext& context, ClientConn& client, Reason reason) {
  client.proxy_header = ProxyHeaderState::none;
  Stream* stream = begin_stream(context, client);
  if (stream == nullptr) {
    client.drain(context, Farewell::reset);
    return;
  }
  stream->request_complete = true;
  abort_stream(context, *stream, reason, Farewell::reset);
}

void believe(StreamContext& context, ClientConn& client, const ProxyHeader& header) {
  client.inbox.consume(context.memory, header.bytes);
  client.proxy_header = ProxyHeaderState::none;
  client.timed_out = false;
  client.idle_since = context.now;  // What follows has its own time.
  context.wheel.cancel(client.timer);
  if (!header.source.is_known()) return;
  client.set_peer(header.source, header.source_port);
  client.destination = header.destination;
  client.destination_port = header.destination_port;
}

Duration patience(const StreamContext& context, const ClientConn& client) {
  if (context.published == nullptr) return Duration::milliseconds(kPatienceBeforeTheFirstSnapshot);
  const decide::Snapshot& snapshot = *context.published->snapshot;
  const uint32_t timeouts = snapshot.listeners()[client.listener->index].timeouts();
  return Duration::milliseconds(snapshot.timeouts(timeouts).client_header());
}

// Looks at what has come. True: the header is there and believed, or the connection is over.
bool read_header(StreamContext& context, ClientConn& client) {
  const uint64_t wanted = std::min<uint64_t>(client.inbox.bytes(), kProxyHeaderBytesMax);
  const std::span<std::byte> bytes = client.inbox.make_contiguous(context.memory, wanted);
  if (bytes.empty()) {
    refuse(context, client, Reason::out_of_memory);
    return true;
  }
  ProxyHeader header;
  switch (parse_proxy_header({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, header)) {
    case ParseResult::complete:
      believe(context, client, header);
      return true;
    case ParseResult::rejected:
      refuse(context, client, Reason::proxy_header_bad);
      return true;
    case ParseResult::need_more:
      break;
  }
  return false;
}

}  // namespace

bool take_proxy_header(StreamContext& context, ClientConn& client) {
  if (client.has_failed()) {
    client.drain(context, Farewell::reset);
    return false;
  }
  if (context.phase != Phase::serving || client.listener->index == UINT32_MAX) {
    client.drain(context, Farewell::close);
    return false;
  }
  if (client.proxy_header == ProxyHeaderState::refused) {
    refuse(context, client, Reason::proxy_peer_refused);
    return false;
  }
  if (!client.inbox.is_empty() && read_header(context, client)) return client.is_open();
  if (client.input_ended) {
    if (client.inbox.is_empty()) {  // A health check that only connects.
      client.drain(context, Farewell::close);
    } else {
      refuse(context, client, Reason::proxy_header_bad);
    }
    return false;
  }
  // Absolute, like a request's head: a byte now and then must not keep a slot for ever.
  const Instant deadline = client.idle_since + patience(context, client);
  client.timed_out = false;
  if (context.now >= deadline) {
    refuse(context, client, Reason::proxy_header_timeout);
    return false;
  }
  context.wheel.set(client.timer, deadline);
  client.want_input(context, client.inbox.bytes(), true);
  return false;
}

bool announce_client(StreamContext& context, Stream& stream) {
  const wire::ProxyProtocol version = stream.published->snapshot->send_proxy_protocol(stream.pool);
  if (version == wire::ProxyProtocol::off) return true;
  const ClientConn& client = *stream.client;
  ProxyHeader header;
  header.source = stream.client_address;
  // Behind a trusted proxy the client's port is not known.
  header.source_port = stream.client_address == client.peer ? client.peer_port : 0;
  header.destination = client.destination;
  header.destination_port = client.destination_port;
  if (!header.destination.is_known()) {
    const sockaddr_storage local = context.ring.local_address(client.descriptor);
    header.destination = ip_of(local);
    header.destination_port = port_of(local);
  }
  char bytes[kProxyHeaderWrittenMax];
  const uint32_t length = write_proxy_header(static_cast<uint8_t>(version), header, bytes);
  return stream.origin->outbox.append_copy(context.memory, std::as_bytes(std::span(bytes, length)));
}

}  // namespace sluice::dataplane
