// A record of the control socket with any bytes: refused, or a message that means the same after it was
// encoded again. Both processes decode what the other sends with this code.
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "schemas/base/check.h"
#include "schemas/control_frame.h"

namespace sluice {
namespace {

std::vector<std::byte> encode(const HelloMessage& message) {
  return encode_hello(message);
}
std::vector<std::byte> encode(const OfferMessage& message) {
  return encode_offer(message);
}
std::vector<std::byte> encode(const VerifiedMessage& message) {
  return encode_verified(message);
}
std::vector<std::byte> encode(const RejectedMessage& message) {
  return encode_rejected(message);
}
std::vector<std::byte> encode(const AppliedMessage& message) {
  return encode_applied(message);
}
std::vector<std::byte> encode(const StableMessage& message) {
  return encode_stable(message);
}
std::vector<std::byte> encode(const StatusMessage& message) {
  return encode_status(message);
}
std::vector<std::byte> encode(const DrainMessage& message) {
  return encode_drain(message);
}

std::vector<std::byte> encode_any(const ControlMessage& message) {
  return std::visit([](const auto& one) { return encode(one); }, message);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const auto message = sluice::decode_control(std::as_bytes(std::span(data, size)));
  if (!message) {
    CHECK(!message.error().empty());
    return 0;
  }
  // Texts and lists may be cut by the first encoding; from then on nothing changes any more.
  const auto once = sluice::decode_control(sluice::encode_any(*message));
  CHECK(once.has_value());
  const auto twice = sluice::decode_control(sluice::encode_any(*once));
  CHECK(twice.has_value());
  CHECK(*once == *twice);
  CHECK(once->index() == message->index());
  return 0;
}
