#include "dataplane/http/header_id.h"

#include <array>
#include <cstdint>
#include <iterator>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/swar.h"

namespace sluice::dataplane {
namespace {

struct KnownName {
  std::string_view name;  // Lower case.
  HeaderId id = HeaderId::other;
};

constexpr KnownName kKnownNames[] = {
    {"connection", HeaderId::connection},
    {"content-length", HeaderId::content_length},
    {"transfer-encoding", HeaderId::transfer_encoding},
    {"host", HeaderId::host},
    {"expect", HeaderId::expect},
    {"upgrade", HeaderId::upgrade},
    {"te", HeaderId::te},
    {"trailer", HeaderId::trailer},
    {"keep-alive", HeaderId::keep_alive},
    {"proxy-connection", HeaderId::proxy_connection},
    {"proxy-authenticate", HeaderId::proxy_authenticate},
    {"proxy-authorization", HeaderId::proxy_authorization},
    {"x-forwarded-for", HeaderId::x_forwarded_for},
    {"x-forwarded-proto", HeaderId::x_forwarded_proto},
    {"x-forwarded-host", HeaderId::x_forwarded_host},
    {"x-forwarded-port", HeaderId::x_forwarded_port},
    {"x-real-ip", HeaderId::x_real_ip},
    {"x-request-id", HeaderId::x_request_id},
    {"forwarded", HeaderId::forwarded},
    {"via", HeaderId::via},
    {"user-agent", HeaderId::user_agent},
    {"referer", HeaderId::referer},
    {"date", HeaderId::date},
    {"server", HeaderId::server},
    {"retry-after", HeaderId::retry_after},
    {"authorization", HeaderId::authorization},
    {"cookie", HeaderId::cookie},
    {"set-cookie", HeaderId::set_cookie},
    {"content-type", HeaderId::content_type},
    {"location", HeaderId::location},
    {"cdn-loop", HeaderId::cdn_loop},
};

// Perfect over the names above (asserted below). The byte at seven eighths tells x-forwarded-host from
// x-forwarded-port and is no '-' in any identity field.
constexpr uint32_t kSlotCount = 64;
constexpr uint32_t slot_of(std::string_view name) {
  const auto folded = [name](size_t at) {
    return static_cast<uint32_t>(static_cast<uint8_t>(name[at]) | 0x20);
  };
  const uint32_t length = static_cast<uint32_t>(name.size());
  return (length + 13 * folded(0) + 21 * folded(length * 7 / 8) + folded(length - 1)) & (kSlotCount - 1);
}

consteval std::array<KnownName, kSlotCount> make_slots() {
  std::array<KnownName, kSlotCount> slots{};
  for (const KnownName& known : kKnownNames) slots[slot_of(known.name)] = known;
  return slots;
}
constexpr std::array<KnownName, kSlotCount> kSlots = make_slots();

consteval size_t count_filled_slots() {
  size_t filled = 0;
  for (const KnownName& slot : kSlots) filled += slot.name.empty() ? 0 : 1;
  return filled;
}
static_assert(count_filled_slots() == std::size(kKnownNames),
              "two names share a slot: change slot_of's factors");

// `name` is a token and `lower` holds only letters and '-', both as long. OR-ing 0x20 into a token byte
// gives a lower-case letter only for a letter, and '-' only for '-' (0x0d is no token byte), so eight
// bytes compare at a time.
bool equals_lower(const char* name, const char* lower, size_t length) {
  constexpr uint64_t kFold = kByteOnes * 0x20;
  if (length >= 8) {
    for (size_t at = 0; at + 8 < length; at += 8) {
      if ((load_word(name + at) | kFold) != load_word(lower + at)) return false;
    }
    return (load_word(name + length - 8) | kFold) == load_word(lower + length - 8);
  }
  for (size_t at = 0; at < length; ++at) {
    if ((name[at] | 0x20) != lower[at]) return false;
  }
  return true;
}

bool is_underscore_twin(std::string_view name, std::string_view lower) {
  for (size_t at = 0; at < lower.size(); ++at) {
    const char byte = name[at] == '_' ? '-' : to_lower(name[at]);
    if (byte != lower[at]) return false;
  }
  return true;
}

}  // namespace

HeaderId identify_header(std::string_view name) {
  const KnownName& known = kSlots[slot_of(name)];
  if (known.name.size() != name.size()) return HeaderId::other;
  if (equals_lower(name.data(), known.name.data(), name.size())) return known.id;
  // slot_of looks at no '-' of an identity field (tested), so a twin lands in the same slot.
  if (is_client_identity(known.id) && is_underscore_twin(name, known.name)) return known.id;
  return HeaderId::other;
}

bool is_forbidden_in_trailers(std::string_view name, HeaderId id) {
  if (is_framing_or_hop(id) || is_client_identity(id)) return true;
  switch (id) {
    case HeaderId::proxy_authenticate:
    case HeaderId::proxy_authorization:
    case HeaderId::authorization:
    case HeaderId::cookie:
    case HeaderId::set_cookie:
    case HeaderId::content_type:
    case HeaderId::location:
    case HeaderId::retry_after:
    case HeaderId::date:
    case HeaderId::x_request_id:
    case HeaderId::via:
      return true;
    default:
      break;
  }
  constexpr std::string_view kForbidden[] = {"age",
                                             "cache-control",
                                             "content-encoding",
                                             "content-range",
                                             "expires",
                                             "max-forwards",
                                             "pragma",
                                             "range",
                                             "vary",
                                             "warning",
                                             "www-authenticate",
                                             "if-match",
                                             "if-none-match",
                                             "if-modified-since",
                                             "if-unmodified-since",
                                             "if-range",
                                             "content-location"};
  for (const std::string_view forbidden : kForbidden) {
    if (equals_ignoring_case(name, forbidden)) return true;
  }
  return false;
}

}  // namespace sluice::dataplane
