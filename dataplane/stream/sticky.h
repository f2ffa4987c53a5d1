// Cookie stickiness: the request's cookie names the member that should serve it, the answer carries a new
// one when another member did. The cookie is ours: origins do not see it.
#pragma once

#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"

namespace sluice::dataplane {

// What the request's cookie says about `pool`; nothing when the pool is not sticky.
decide::Sticky::Found read_sticky(const StreamContext& context, const decide::Snapshot& snapshot,
                                  uint32_t pool, const RequestHead& head);

// Takes the pool's cookie out of what the origin will see. The remaining pairs are written to the end of
// `scratch`.
void hide_sticky(const Stream& stream, const RequestHead& head, std::span<char> scratch, HeaderEdits& edits);

// The Set-Cookie of an answer, when the client needs one.
class StickyAnswer {
 public:
  void add(const StreamContext& context, const Stream& stream, HeaderEdits& edits);

 private:
  char text_[64 + 1 + decide::Sticky::kValueBytes + 1024];  // Name, '=', value, attributes: what load admits.
};

}  // namespace sluice::dataplane
