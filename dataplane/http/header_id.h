// Names to HeaderId: one table look-up by length, first and last byte, one comparison. Pure.
#pragma once

#include <string_view>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

// `name` is a token (its bytes were checked). A name that differs from an identity field (X-Forwarded-*,
// X-Real-IP) only by '_' for '-' gets that field's id: CGI-like origins cannot tell the two apart, so the
// writer must drop both spellings.
HeaderId identify_header(std::string_view name);

// Written by us and nobody else, or meaning nothing past this hop (RFC 9110 7.6.1): header edits must not
// touch them, trailers must not carry them.
constexpr bool is_framing_or_hop(HeaderId id) {
  switch (id) {
    case HeaderId::connection:
    case HeaderId::content_length:
    case HeaderId::transfer_encoding:
    case HeaderId::host:
    case HeaderId::expect:
    case HeaderId::upgrade:
    case HeaderId::te:
    case HeaderId::trailer:
    case HeaderId::keep_alive:
    case HeaderId::proxy_connection:
      return true;
    default:
      return false;
  }
}

// Says who the client is: dropped when it comes from the client, written anew.
constexpr bool is_client_identity(HeaderId id) {
  switch (id) {
    case HeaderId::x_forwarded_for:
    case HeaderId::x_forwarded_proto:
    case HeaderId::x_forwarded_host:
    case HeaderId::x_forwarded_port:
    case HeaderId::x_real_ip:
    case HeaderId::forwarded:
      return true;
    default:
      return false;
  }
}

// RFC 9110 6.5.1: framing, routing, authentication, request modifiers, response control and content
// format have no place in a trailer section.
bool is_forbidden_in_trailers(std::string_view name, HeaderId id);

}  // namespace sluice::dataplane
