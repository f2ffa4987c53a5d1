// host[:port] as RFC 3986 3.2 has it, without userinfo: a reg-name, an IPv4 address or an IPv6 literal in
// brackets. Refuses IPvFuture, zone identifiers and ',' (see byte_class.h). Pure.
#pragma once

#include <string_view>

namespace sluice::dataplane {

struct Authority {
  std::string_view host;  // Brackets kept.
  std::string_view port;  // Digits, 0..65535; empty when there is none.
};

// False when `text` is no valid, non-empty authority.
bool parse_authority(std::string_view text, Authority& authority);

// Same host without case, same port once the scheme's default is filled in.
bool same_authority(const Authority& left, const Authority& right, bool is_https);

}  // namespace sluice::dataplane
