// What an error of ours looks like: the route's page for its status, then for its class, then the
// snapshot's in the same order. Null: nobody wrote one.
#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

const wire::Response* find_in(const wire::Snapshot& root, uint32_t set, uint16_t status) {
  if (set == decide::kNone) return nullptr;
  const auto& pages = *root.features()->error_page_sets()->Get(set)->pages();
  const wire::Response* of_class = nullptr;
  for (const wire::ErrorPage* page : pages) {  // By code: classes come first, there are few.
    if (page->code() == status) return root.responses()->Get(page->response());
    if (page->code() == status / 100) of_class = root.responses()->Get(page->response());
  }
  return of_class;
}

}  // namespace

const wire::Response* find_error_page(const StreamContext& context, const Stream& stream, uint16_t status) {
  // Before a route is known, and after the pin is gone, the current snapshot speaks for the gateway.
  const Published* published = stream.published != nullptr ? stream.published : context.published;
  if (published == nullptr) return nullptr;
  const decide::Snapshot& snapshot = *published->snapshot;
  const wire::SnapshotFeatures* features = snapshot.root().features();
  if (features == nullptr || features->error_page_sets() == nullptr) return nullptr;
  const wire::Response* page = nullptr;
  if (stream.published != nullptr && stream.route != decide::kNone) {
    const wire::RouteFeatures* of_route = snapshot.policy(snapshot.routes()[stream.route]).features();
    if (of_route != nullptr) page = find_in(snapshot.root(), of_route->error_pages(), status);
  }
  return page != nullptr ? page : find_in(snapshot.root(), features->error_pages(), status);
}

}  // namespace sluice::dataplane
