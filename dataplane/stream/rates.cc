// Requests beyond their rate are answered 429 with the time after which one would pass. By the address of
// whoever asks, over everything the gateway serves, and by what the route says, over that route alone.
#include <algorithm>

#include "dataplane/conn/address_counts.h"
#include "dataplane/stream/context.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {
namespace {

constexpr uint64_t kNoRoute = 0;  // Of the per-address limit, which spans all routes.

uint64_t rate_key(uint64_t scope, uint64_t who) {
  return std::max<uint64_t>(1, stable_hash(HashUse::request_rate, scope, who));
}

bool may_pass(StreamContext& context, Stream& stream, const wire::RateLimit& limit, uint64_t key,
              Reason reason) {
  const Rate rate = rate_of(limit.requests_per_minute(), limit.burst());
  const Duration wait = context.rates.charge(key, rate, context.now);
  if (wait == Duration{}) return true;
  const int64_t seconds = (wait + Duration::seconds(1) - Duration{1}).nanoseconds / 1'000'000'000;
  constexpr int64_t kSecondsMax = 86'400;
  answer_error(context, stream, reason, static_cast<uint32_t>(std::min(seconds, kSecondsMax)));
  return false;
}

}  // namespace

bool within_address_rate(StreamContext& context, Stream& stream) {
  const wire::Protection* protection = stream.published->snapshot->root().protection();
  if (protection == nullptr || protection->rate_limit_per_ip() == nullptr) return true;
  return may_pass(context, stream, *protection->rate_limit_per_ip(),
                  rate_key(kNoRoute, address_key(stream.client_address)), Reason::address_rate);
}

bool within_route_rate(StreamContext& context, Stream& stream, const wire::Policy& policy) {
  const wire::RateLimit* limit = policy.rate_limit();
  if (limit == nullptr) return true;
  const uint64_t route = stream.published->snapshot->routes()[stream.route].id();
  const uint64_t who = limit->key() == wire::RateKey::ip ? address_key(stream.client_address) : 0;
  return may_pass(context, stream, *limit, rate_key(route, who), Reason::route_rate);
}

}  // namespace sluice::dataplane
