// How often a request has been through this gateway already: CDN-Loop (RFC 8586), a list of tokens that every
// hop appends its own to and nobody takes away. Pure.
#pragma once

#include <string_view>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/head.h"

namespace sluice::dataplane {

// How often `token` stands in the CDN-Loop fields; parameters behind ';' are not looked at.
inline uint32_t count_passes(const RequestHead& head, std::string_view token) {
  uint32_t passes = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (head.fields[i].id != HeaderId::cdn_loop) continue;
    std::string_view rest = head.fields[i].value;
    while (!rest.empty()) {
      const std::string_view element = take_list_element(rest);
      if (trim_blanks(element.substr(0, element.find(';'))) == token) ++passes;
    }
  }
  return passes;
}

}  // namespace sluice::dataplane
