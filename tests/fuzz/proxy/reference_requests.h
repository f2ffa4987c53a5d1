// A slow, simple reading of a client's bytes as requests, written apart from dataplane/http. It accepts what
// the proxy may accept and more (any target, any field value); what it does not see as a request, no origin
// may see.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzzing {

struct ReferenceRequest {
  std::string method;
  std::string body;
  bool is_complete = false;
};

// In order, up to the first byte that cannot be part of a request. The last one may be incomplete.
std::vector<ReferenceRequest> read_requests(std::string_view bytes);

}  // namespace sluice::fuzzing
