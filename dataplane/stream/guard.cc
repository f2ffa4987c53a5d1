// Who may come, and whether the route is open: what is asked before anything else happens to a request.
#include "dataplane/decide/access.h"

#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"

namespace sluice::dataplane {
namespace {

// `list` is an index into access_lists, or none: everybody may.
bool admits(const decide::Snapshot& snapshot, uint32_t list, const IpAddress& address) {
  return list == decide::kNone ||
         decide::is_allowed(*snapshot.root().features()->access_lists()->Get(list), address);
}

bool refuse(StreamContext& context, Stream& stream) {
  answer_error(context, stream, Reason::address_denied);
  return false;
}

}  // namespace

bool listener_admits(StreamContext& context, Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::SnapshotFeatures* features = snapshot.root().features();
  if (features == nullptr || features->listener_access() == nullptr) return true;
  const uint32_t list = features->listener_access()->Get(stream.client->listener->index);
  return admits(snapshot, list, stream.client_address) || refuse(context, stream);
}

bool route_admits(StreamContext& context, Stream& stream, const wire::RouteFeatures* features) {
  if (features == nullptr) return true;
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  if (!admits(snapshot, features->access(), stream.client_address)) return refuse(context, stream);
  if (features->maintenance() == decide::kNone) return true;
  if (features->maintenance_access() != decide::kNone &&
      admits(snapshot, features->maintenance_access(), stream.client_address)) {
    return true;
  }
  const wire::Response& page = *snapshot.root().responses()->Get(features->maintenance());
  answer_locally(context, stream, page.status(), view(page.content_type()), view(page.body()), {},
                 page.retry_after_seconds(), Reason::maintenance);
  return false;
}

}  // namespace sluice::dataplane
