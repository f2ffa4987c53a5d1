// What routes, pools and listeners may ask for beyond forwarding, as values. config.h includes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/model/network.h"
#include "admin/model/place.h"

namespace sluice::admin {

// An answer of ours: a pool's outage page, a route's `respond`, an error page.
struct Response {
  uint16_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  uint32_t retry_after_seconds = 0;  // 0 = no Retry-After.
  bool operator==(const Response&) const = default;
};

// A route's requests shared out between pools by weight.
struct SplitPart {
  std::string pool;
  uint32_t weight = 1;  // 0: takes nothing.
  Place place;
  bool operator==(const SplitPart&) const = default;
};
struct ToSplit {
  std::vector<SplitPart> parts;
  bool by_client = false;  // One client address always goes to the same pool.
  bool operator==(const ToSplit&) const = default;
};

// Which clients may come: the most specific network that holds the address decides. An address in none is
// refused when there is an `allow`, else taken.
struct Access {
  std::vector<Network> allow;
  std::vector<Network> deny;
  bool is_empty() const { return allow.empty() && deny.empty(); }
  bool operator==(const Access&) const = default;
};

struct Maintenance {
  bool enabled = true;
  Response page;
  std::vector<Network> allow;  // Who passes all the same.
  bool operator==(const Maintenance&) const = default;
};

// What answers of ours look like, by status or by class.
struct ErrorPage {
  uint16_t code = 0;  // 400 to 599; 4 and 5: the whole class.
  Response page;      // Its status is the code's; a class page takes the answer's.
  bool operator==(const ErrorPage&) const = default;
};
using ErrorPages = std::vector<ErrorPage>;  // By code, ascending; each once.

// Basic authentication of a route.
struct BasicUser {
  std::string name;
  std::string hash;  // As crypt(3) writes it.
  bool operator==(const BasicUser&) const = default;
};
struct BasicAuth {
  std::string realm = "restricted";
  std::vector<BasicUser> users;  // By name.
  bool forward_header = false;   // Authorization goes on to the origin.
  bool operator==(const BasicAuth&) const = default;
};

// A pool's signed cookie, which sends a client back to the member that served it.
enum class SameSite : uint8_t { lax, strict, none };
struct Sticky {
  std::string cookie;
  std::vector<std::string> keys;  // The first signs, all verify.
  uint32_t max_age_seconds = 0;   // 0: as long as the browser's session.
  std::string path = "/";
  std::string domain;  // Empty: the host alone.
  SameSite same_site = SameSite::lax;
  bool http_only = true;
  bool secure = false;
  bool operator==(const Sticky&) const = default;
};

}  // namespace sluice::admin
