#include "dataplane/tunnel/relay.h"

namespace sluice::dataplane {
namespace {

// One direction. True when it is over: everything delivered and the end passed on.
bool pump(ConnContext& context, Conn& source, Conn& sink) {
  if (!source.inbox.is_empty()) source.inbox.move_to(context.memory, sink.outbox, source.inbox.bytes());
  if (source.input_ended) sink.shut_when_flushed = true;
  sink.flush(context);
  source.want_input(context, sink.outbox.bytes(), false);
  return source.input_ended && sink.outbox.is_empty() && sink.output_shut;
}

}  // namespace

RelayEnd relay_step(ConnContext& context, ClientConn& client, OriginConn& origin) {
  if (client.has_failed()) return RelayEnd::client_failed;
  // A reset origin's last bytes are still delivered: what is in its inbox goes out before the end.
  const bool up_done = pump(context, client, origin);
  const bool down_done = pump(context, origin, client);
  if (origin.has_failed()) {
    return client.outbox.is_empty() || client.has_failed() ? RelayEnd::origin_failed : RelayEnd::none;
  }
  return up_done && down_done ? RelayEnd::finished : RelayEnd::none;
}

}  // namespace sluice::dataplane
