// Rates: how many requests, how many bytes of a body. Refuses a rate without a number and a burst below one
// request, with which nothing would ever pass.
#include <algorithm>

#include "admin/model/decode.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kRequestsPerSecondMax = 1'000'000;
constexpr uint32_t kBurstMax = 1'000'000;
constexpr uint32_t kBodyBytesPerSecondMax = 1U << 30;
constexpr uint32_t kBodyGraceMillisecondsMax = 3'600'000;
constexpr uint32_t kSecondsPerMinute = 60;

}  // namespace

RateLimit decode_rate_limit(ValueReader& reader, const Value& value, std::string_view what, bool has_key) {
  if (reader.is_word(value, "off")) return {};
  enum { kPerSecond, kPerMinute, kBurst, kKey };
  constexpr std::string_view kKeys[] = {"requests_per_second", "requests_per_minute", "burst", "key"};
  Fields fields(reader, value, what, std::span(kKeys, has_key ? 4 : 3));
  RateLimit limit;
  if (fields.has(kPerSecond) && fields.has(kPerMinute)) {
    reader.fail(fields[kPerMinute], "both requests_per_second and requests_per_minute", "remove one");
  } else if (const Value field = fields[kPerMinute]) {
    const auto count = reader.integer(field, 1, kRequestsPerSecondMax);
    if (count) limit.requests_per_minute = static_cast<uint32_t>(*count);
  } else if (const Value second = fields.require(kPerSecond)) {
    const auto count = reader.integer(second, 1, kRequestsPerSecondMax);
    if (count) limit.requests_per_minute = static_cast<uint32_t>(*count) * kSecondsPerMinute;
  }
  // Without a burst: what one second brings, so that a page with its pictures passes.
  limit.burst = std::max(1U, limit.requests_per_minute / kSecondsPerMinute);
  if (const Value field = fields[kBurst]) {
    if (const auto burst = reader.integer(field, 1, kBurstMax)) limit.burst = static_cast<uint32_t>(*burst);
  }
  if (!has_key) return limit;
  if (const Value field = fields[kKey]) {
    constexpr std::string_view kChoices[] = {"ip", "route"};
    if (const auto key = reader.choice(field, kChoices)) limit.key = static_cast<wire::RateKey>(*key);
  }
  return limit;
}

BodyRate decode_body_rate(ValueReader& reader, const Value& value) {
  if (reader.is_word(value, "off")) return {0, 0};
  enum { kPerSecond, kGrace };
  constexpr std::string_view kKeys[] = {"bytes_per_second", "grace"};
  Fields fields(reader, value, "body_rate", kKeys);
  BodyRate rate;
  if (const Value field = fields[kPerSecond]) {
    const auto bytes = reader.bytes(field, 1, kBodyBytesPerSecondMax);
    if (bytes) rate.bytes_per_second = static_cast<uint32_t>(*bytes);
  }
  if (const Value field = fields[kGrace]) {
    const auto grace = reader.milliseconds(field, 1, kBodyGraceMillisecondsMax);
    if (grace) rate.grace_milliseconds = *grace;
  }
  return rate;
}

}  // namespace sluice::admin
