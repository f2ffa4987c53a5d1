#include "admin/model/decode.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {
namespace {

enum Key : uint8_t {
  kName,
  kListener,
  kMatch,
  kPriority,
  kPool,
  kPeer,
  kTo,
  kRespond,
  kRedirect,
  kRewrite,
  kRequestHeaders,
  kResponseHeaders,
  kHost,
  kTimeouts,
  kBodyBytes,
  kRetries,
  kRateLimit,
  kBodyRate,
  kAllow,
  kDeny,
  kMaintenance,
  kErrorPages,
  kBasicAuth,
  kSplit,
  kSplitBy
};
constexpr std::string_view kKeys[] = {"name",
                                      "listener",
                                      "match",
                                      "priority",
                                      "pool",
                                      "peer",
                                      "to",
                                      "respond",
                                      "redirect",
                                      "rewrite",
                                      "request_headers",
                                      "response_headers",
                                      "host",
                                      "timeouts",
                                      "body_bytes",
                                      "retries",
                                      "rate_limit",
                                      "body_rate",
                                      "allow",
                                      "deny",
                                      "maintenance",
                                      "error_pages",
                                      "basic_auth",
                                      "split",
                                      "split_by"};
constexpr std::string_view kLater[] = {"backend"};
constexpr Key kTargets[] = {kPool, kPeer, kTo, kRespond, kRedirect, kSplit};
// Only a request that is forwarded has these.
constexpr Key kForwardOnly[] = {kRewrite,   kRequestHeaders, kResponseHeaders, kHost,     kTimeouts,
                                kBodyBytes, kRetries,        kBodyRate,        kBasicAuth};

ToAddresses decode_addresses(ValueReader& reader, const Value& value) {
  constexpr size_t kAddressesMax = 1000;
  ToAddresses target;
  if (value.is_sequence() && (value.node->size == 0 || value.node->size > kAddressesMax)) {
    reader.fail(value, "`to` has " + std::to_string(value.node->size) + " addresses", "1 to 1000");
    return target;
  }
  reader.for_each(value, [&](const Value& item) {
    const auto text = reader.word(item);
    if (!text) return;
    if (text->find(':') == std::string_view::npos) {
      reader.fail(item, quoted(*text) + " has no port",
                  "`to` takes addresses (HOST:PORT); a peer's name goes into `peer`, a pool's into `pool`");
      return;
    }
    auto endpoint = decode_endpoint(reader, item, false);
    if (!endpoint) return;
    for (const Endpoint& other : target.addresses) {
      if (other == *endpoint) {
        reader.fail(item, quoted(*text) + " is there twice", "remove one");
        return;
      }
    }
    target.addresses.push_back(*std::move(endpoint));
  });
  return target;
}

// The single one of them, reporting when there is none or more.
std::optional<Key> find_target(ValueReader& reader, const Value& value, const Fields& fields) {
  std::optional<Key> target;
  for (const Key key : kTargets) {
    if (!fields.has(key)) continue;
    if (target) {
      reader.fail(fields[key],
                  "a route goes to one place, this one has `" + std::string(kKeys[*target]) + "` and `" +
                      std::string(kKeys[key]) + "`",
                  "remove one");
    } else {
      target = key;
    }
  }
  if (!target && value.is_mapping()) {
    reader.fail(value, "the route goes nowhere", "add one of pool, peer, to, split, respond and redirect");
  }
  return target;
}

void decode_target(ValueReader& reader, const Fields& fields, Key key, Route& route) {
  const Value value = fields[key];
  route.target_place = reader.place(value);
  switch (key) {
    case kPool:
      if (const auto name = reader.name(value)) route.target = ToPool{std::string(*name)};
      break;
    case kPeer:
      if (const auto name = reader.name(value)) route.target = ToPeer{std::string(*name)};
      break;
    case kTo:
      route.target = decode_addresses(reader, value);
      break;
    case kSplit:
      route.target = decode_split(reader, value, fields[kSplitBy]);
      break;
    case kRespond:
      route.target = decode_response(reader, value, 200, "respond");
      break;
    default:
      route.target = decode_redirect(reader, value);
  }
  if (key != kSplit && fields.has(kSplitBy)) {
    reader.fail(fields[kSplitBy], "`split_by` has no effect without `split`", "remove it");
  }
  if (key != kRespond && key != kRedirect) return;
  for (const Key other : kForwardOnly) {
    if (!fields.has(other)) continue;
    reader.fail(fields[other],
                "`" + std::string(kKeys[other]) + "` has no effect on a route that does not forward",
                "remove it");
  }
}

void decode_options(ValueReader& reader, const Fields& fields, Route& route) {
  RouteOptions options;
  if (const Value field = fields[kRewrite]) decode_rewrite(reader, field, options);
  if (const Value field = fields[kRequestHeaders]) options.request_headers = decode_header_ops(reader, field);
  if (const Value field = fields[kResponseHeaders])
    options.response_headers = decode_header_ops(reader, field);
  if (const Value field = fields[kHost])
    options.request_host = decode_request_host(reader, field).value_or("");
  if (const Value field = fields[kTimeouts]) {
    options.timeouts = decode_timeouts(reader, field, kRouteTimeouts, "a route");
  }
  if (const Value field = fields[kBodyBytes]) options.body_bytes = decode_body_bytes(reader, field);
  if (const Value field = fields[kRetries]) {
    constexpr std::string_view kRetryKeys[] = {"attempts"};
    Fields retries(reader, field, "a route's retries", kRetryKeys);
    if (const Value attempts = retries.require(0)) options.retry_attempts = decode_attempts(reader, attempts);
  }
  if (const Value field = fields[kRateLimit]) {
    options.rate_limit = decode_rate_limit(reader, field, "a route's rate_limit", true);
  }
  if (const Value field = fields[kBodyRate]) options.body_rate = decode_body_rate(reader, field);
  options.access = decode_access(reader, fields[kAllow], fields[kDeny]);
  if (const Value field = fields[kMaintenance]) options.maintenance = decode_maintenance(reader, field);
  if (const Value field = fields[kErrorPages]) options.error_pages = decode_error_pages(reader, field);
  if (const Value field = fields[kBasicAuth]) options.basic_auth = decode_basic_auth(reader, field);
  if (options != RouteOptions{}) route.options = std::make_shared<const RouteOptions>(std::move(options));
}

void decode_listeners(ValueReader& reader, const Value& value, Route& route) {
  route.listeners_place = reader.place(value);
  if (value.is_sequence() && value.node->size == 0) {
    reader.fail(value, "an empty list of listeners", "remove the key to take every http listener");
  }
  reader.for_each(value, [&](const Value& item) {
    const auto name = reader.name(item);
    if (!name) return;
    for (const std::string& other : route.listeners) {
      if (other == *name) return reader.fail(item, quoted(*name) + " is there twice", "remove one");
    }
    route.listeners.emplace_back(*name);
  });
}

}  // namespace

std::shared_ptr<const Route> decode_route(ValueReader& reader, const Value& value) {
  Fields fields(reader, value, "a route", kKeys, kLater);
  auto route = std::make_shared<Route>();
  bool is_named = false;
  if (const Value field = fields.require(kName)) {
    route->place = reader.place(field);
    if (const auto name = reader.name(field)) {
      is_named = true;
      route->name = *name;
      route->id = stable_hash(HashUse::object_name, *name);
    }
  }
  if (const Value field = fields[kListener]) decode_listeners(reader, field, *route);
  if (const Value field = fields[kMatch]) route->match = decode_match(reader, field);
  if (const Value field = fields[kPriority]) {
    constexpr int64_t kPriorityMax = 1'000'000;
    const auto priority = reader.signed_integer(field, -kPriorityMax, kPriorityMax);
    if (priority) route->priority = static_cast<int32_t>(*priority);
  }
  if (const auto target = find_target(reader, value, fields)) decode_target(reader, fields, *target, *route);
  bool has_options = false;
  for (size_t key = kRewrite; key <= kBasicAuth; ++key) has_options |= fields.has(key);
  if (has_options) decode_options(reader, fields, *route);
  if (!is_named) return nullptr;
  return route;
}

}  // namespace sluice::admin
