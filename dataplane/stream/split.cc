// The pool a forwarding route means: its target, or the part of its split whose turn it is. Retries stay
// within what was chosen here.
#include "dataplane/decide/split.h"

#include "dataplane/stream/context.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {
namespace {

static_assert(sizeof(wire::SplitPart) == 12 && alignof(wire::SplitPart) == 4);

std::span<const wire::SplitPart> parts_of(const wire::RouteFeatures* features) {
  if (features == nullptr || features->split() == nullptr) return {};
  return {reinterpret_cast<const wire::SplitPart*>(features->split()->Data()), features->split()->size()};
}

}  // namespace

void choose_pool(StreamContext& context, Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::Route& route = snapshot.routes()[stream.route];
  const wire::RouteFeatures* features = snapshot.policy(route).features();
  const std::span<const wire::SplitPart> parts = parts_of(features);
  if (parts.empty()) {
    use_pool(context, stream, route.target());
    return;
  }
  const uint32_t part =
      features->split_by_client()
          ? decide::split_by_key(parts, stable_hash(HashUse::split_client, stream.client_text))
          : decide::split_by_turn(parts, snapshot.pools(), context.splits[route.id()]);
  stream.timeouts = snapshot.timeouts(parts[part].timeouts());
  use_pool(context, stream, parts[part].pool());
}

}  // namespace sluice::dataplane
