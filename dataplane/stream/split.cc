// The pool a forwarding route means: its target, or the part of its split whose turn it is. Retries stay
// within what was chosen here. A valid cookie of one of the parts goes before the weights.
#include "dataplane/decide/split.h"

#include "dataplane/stream/sticky.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {
namespace {

static_assert(sizeof(wire::SplitPart) == 12 && alignof(wire::SplitPart) == 4);

std::span<const wire::SplitPart> parts_of(const wire::RouteFeatures* features) {
  if (features == nullptr || features->split() == nullptr) return {};
  return {reinterpret_cast<const wire::SplitPart*>(features->split()->Data()), features->split()->size()};
}

// The part that the client's cookie is of, or kNone.
uint32_t part_of_cookie(const StreamContext& context, const Stream& stream,
                        std::span<const wire::SplitPart> parts, const RequestHead& head) {
  for (uint32_t i = 0; i < parts.size(); ++i) {
    if (parts[i].weight() == 0) continue;
    const auto found = read_sticky(context, *stream.published->snapshot, parts[i].pool(), head);
    if (found.member != decide::kNone) return i;
  }
  return decide::kNone;
}

uint32_t choose_part(StreamContext& context, Stream& stream, std::span<const wire::SplitPart> parts,
                     bool by_client, const RequestHead* head) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const uint32_t part = head == nullptr ? decide::kNone : part_of_cookie(context, stream, parts, *head);
  if (part != decide::kNone) return part;
  if (by_client) return decide::split_by_key(parts, stable_hash(HashUse::split_client, stream.client_text));
  return decide::split_by_turn(parts, snapshot.pools(), context.splits[snapshot.routes()[stream.route].id()]);
}

}  // namespace

void choose_pool(StreamContext& context, Stream& stream, const RequestHead* head) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::Route& route = snapshot.routes()[stream.route];
  const wire::RouteFeatures* features = snapshot.policy(route).features();
  const std::span<const wire::SplitPart> parts = parts_of(features);
  uint32_t pool = route.target();
  if (!parts.empty()) {
    const wire::SplitPart& part =
        parts[choose_part(context, stream, parts, features->split_by_client(), head)];
    pool = part.pool();
    stream.timeouts = snapshot.timeouts(part.timeouts());
  }
  use_pool(context, stream, pool);
  if (head != nullptr) stream.sticky = read_sticky(context, snapshot, pool, *head);
}

}  // namespace sluice::dataplane
