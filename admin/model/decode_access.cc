// Who may come (allow, deny), and what a route answers instead of forwarding (maintenance).
#include <algorithm>
#include <map>

#include "admin/model/decode.h"

namespace sluice::admin {
namespace {

using NetworkKey = std::tuple<uint8_t, std::array<uint8_t, 16>, uint8_t>;

NetworkKey key_of(const Network& network) {
  return {network.ip.family, network.ip.bytes, network.prefix_length};
}

// Appends to `networks`; `seen` spans both lists of an Access.
void decode_list(ValueReader& reader, const Value& value, std::map<NetworkKey, std::string_view>& seen,
                 std::string_view list, std::vector<Network>& networks) {
  if (value.is_sequence() && value.node->size == 0) {
    reader.fail(value, "an empty list of networks", "remove the key, or name whom it is about");
  }
  reader.for_each(value, [&](const Value& item) {
    const auto text = reader.word(item);
    if (!text) return;
    auto network = parse_network(*text);
    if (!network) {
      reader.fail(item, quoted(*text) + " is not a network", std::move(network.error()));
      return;
    }
    const auto [other, is_new] = seen.emplace(key_of(*network), list);
    if (is_new) {
      networks.push_back(*network);
    } else if (other->second == list) {
      reader.fail(item, quoted(*text) + " is there twice", "remove one");
    } else {
      reader.fail(item, quoted(*text) + " is both allowed and denied",
                  "remove one; the narrower network wins");
    }
  });
}

}  // namespace

Access decode_access(ValueReader& reader, const Value& allow, const Value& deny) {
  Access access;
  std::map<NetworkKey, std::string_view> seen;
  if (allow) decode_list(reader, allow, seen, "allow", access.allow);
  if (deny) decode_list(reader, deny, seen, "deny", access.deny);
  return access;
}

std::vector<Network> decode_networks(ValueReader& reader, const Value& value) {
  std::vector<Network> networks;
  std::map<NetworkKey, std::string_view> seen;
  decode_list(reader, value, seen, "list", networks);
  return networks;
}

Maintenance decode_maintenance(ValueReader& reader, const Value& value) {
  enum { kEnabled, kStatus, kBody, kFile, kContentType, kRetryAfter, kAllow };
  constexpr std::string_view kKeys[] = {"enabled",      "status",      "body", "file",
                                        "content_type", "retry_after", "allow"};
  Fields fields(reader, value, "maintenance", kKeys);
  Maintenance maintenance;
  maintenance.page.status = 503;
  maintenance.page.body = "This site is under maintenance.\n";
  if (const Value field = fields[kEnabled]) maintenance.enabled = reader.truth(field).value_or(true);
  if (const Value field = fields[kStatus]) {
    if (const auto status = reader.integer(field, 200, 599))
      maintenance.page.status = static_cast<uint16_t>(*status);
  }
  decode_response_fields(reader, {fields[kBody], fields[kFile], fields[kContentType], fields[kRetryAfter]},
                         maintenance.page);
  if (const Value field = fields[kAllow]) maintenance.allow = decode_networks(reader, field);
  return maintenance;
}

}  // namespace sluice::admin
