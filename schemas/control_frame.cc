#include "schemas/control_frame.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "schemas/base/check.h"
#include "schemas/control_generated.h"

namespace sluice {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

wire::Generation to_wire(Generation generation) {
  return wire::Generation(generation.incarnation, generation.number);
}
wire::Hash128 to_wire(ContentHash hash) {
  return wire::Hash128(hash.low, hash.high);
}

Generation from_wire(const wire::Generation* generation) {
  if (generation == nullptr) return {};
  return {generation->incarnation(), generation->number()};
}
ContentHash from_wire(const wire::Hash128* hash) {
  if (hash == nullptr) return {};
  return {hash->low(), hash->high()};
}

// Never in the middle of a UTF-8 sequence: the text ends up in JSON answers.
std::string_view cut(std::string_view text) {
  if (text.size() <= kControlTextBytesMax) return text;
  std::size_t length = kControlTextBytesMax;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return text.substr(0, length);
}

Offset<flatbuffers::String> put_text(FlatBufferBuilder& builder, std::string_view text) {
  const std::string_view bounded = cut(text);
  return builder.CreateString(bounded.data(), bounded.size());
}

// Keeps the newest: the lists are in ascending order.
Offset<flatbuffers::Vector<const wire::Generation*>> put_generations(
    FlatBufferBuilder& builder, const std::vector<Generation>& generations) {
  const std::size_t count = std::min(generations.size(), kControlGenerationsMax);
  std::vector<wire::Generation> wired;
  wired.reserve(count);
  for (std::size_t i = generations.size() - count; i < generations.size(); ++i) {
    wired.push_back(to_wire(generations[i]));
  }
  return builder.CreateVectorOfStructs(wired);
}

std::string take_text(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::vector<Generation> take_generations(const flatbuffers::Vector<const wire::Generation*>* generations) {
  std::vector<Generation> taken;
  if (generations == nullptr) return taken;
  taken.reserve(generations->size());
  // The verifier does not check the alignment of structs in a vector (a fuzz find): copied, not read in
  // place.
  for (flatbuffers::uoffset_t i = 0; i < generations->size(); ++i) {
    wire::Generation generation;
    std::memcpy(static_cast<void*>(&generation), generations->Data() + i * sizeof(generation),
                sizeof(generation));
    taken.push_back(from_wire(&generation));
  }
  return taken;
}

template <typename Table>
std::vector<std::byte> seal(FlatBufferBuilder& builder, wire::Message type, Offset<Table> message) {
  wire::FinishEnvelopeBuffer(builder, wire::CreateEnvelope(builder, type, message.Union()));
  CHECK(builder.GetSize() <= kControlFrameBytesMax);
  std::vector<std::byte> bytes(builder.GetSize());
  std::memcpy(bytes.data(), builder.GetBufferPointer(), bytes.size());
  return bytes;
}

bool is_known(wire::OfferKind kind) {
  return kind <= wire::OfferKind::MAX;
}
bool is_known(wire::OfferMode mode) {
  return mode <= wire::OfferMode::MAX;
}

constexpr std::string_view kUnknownEnum = "control message has an unknown kind, mode or action";
using Decoded = std::expected<ControlMessage, std::string_view>;

Decoded take(const wire::Hello& hello) {
  return HelloMessage{.boot_id = hello.boot_id(),
                      .pid = hello.pid(),
                      .version = take_text(hello.version()),
                      .schema_max = hello.schema_max(),
                      .workers = hello.workers(),
                      .applied = from_wire(hello.applied()),
                      .applied_hash = from_wire(hello.applied_hash()),
                      .applied_revision = hello.applied_revision(),
                      .stable = from_wire(hello.stable()),
                      .placement = from_wire(hello.placement()),
                      .refused = take_generations(hello.refused()),
                      .crash_count = hello.crash_count(),
                      .ring_caps = take_text(hello.ring_caps())};
}

Decoded take(const wire::Offer& offer) {
  if (!is_known(offer.kind()) || !is_known(offer.mode())) return std::unexpected(kUnknownEnum);
  return OfferMessage{.kind = static_cast<OfferKind>(offer.kind()),
                      .mode = static_cast<OfferMode>(offer.mode()),
                      .generation = from_wire(offer.generation()),
                      .revision = offer.revision(),
                      .bytes = offer.bytes(),
                      .hash = from_wire(offer.hash()),
                      .allow_empty = offer.allow_empty()};
}

Decoded take(const wire::Verified& verified) {
  if (!is_known(verified.kind()) || !is_known(verified.mode())) return std::unexpected(kUnknownEnum);
  return VerifiedMessage{.kind = static_cast<OfferKind>(verified.kind()),
                         .mode = static_cast<OfferMode>(verified.mode()),
                         .generation = from_wire(verified.generation()),
                         .verify_microseconds = verified.verify_microseconds()};
}

Decoded take(const wire::Rejected& rejected) {
  if (!is_known(rejected.kind())) return std::unexpected(kUnknownEnum);
  return RejectedMessage{.kind = static_cast<OfferKind>(rejected.kind()),
                         .generation = from_wire(rejected.generation()),
                         .code = take_text(rejected.code()),
                         .path = take_text(rejected.path()),
                         .message = take_text(rejected.message())};
}

Decoded take(const wire::Applied& applied) {
  if (!is_known(applied.kind())) return std::unexpected(kUnknownEnum);
  return AppliedMessage{.kind = static_cast<OfferKind>(applied.kind()),
                        .generation = from_wire(applied.generation()),
                        .apply_microseconds = applied.apply_microseconds(),
                        .listeners_opened = applied.listeners_opened(),
                        .listeners_closed = applied.listeners_closed()};
}

Decoded take(const wire::Stable& stable) {
  return StableMessage{.generation = from_wire(stable.generation())};
}

Decoded take(const wire::Status& status) {
  return StatusMessage{.applied = from_wire(status.applied()),
                       .stable = from_wire(status.stable()),
                       .placement = from_wire(status.placement()),
                       .draining = status.draining(),
                       .connections = status.connections(),
                       .streams = status.streams(),
                       .pinned_generations = take_generations(status.pinned_generations())};
}

Decoded take(const wire::Drain& drain) {
  if (drain.action() > wire::DrainAction::MAX) return std::unexpected(kUnknownEnum);
  return DrainMessage{.action = static_cast<DrainAction>(drain.action())};
}

Decoded decode_aligned(const uint8_t* bytes, std::size_t size) {
  // An envelope is two tables deep; the limits leave room for fields to come, not for a hostile shape.
  flatbuffers::Verifier verifier(bytes, size, /*max_depth=*/8, /*max_tables=*/16);
  if (!wire::VerifyEnvelopeBuffer(verifier)) return std::unexpected("control message fails verification");
  const wire::Envelope* envelope = wire::GetEnvelope(bytes);
  if (envelope->message() == nullptr) return std::unexpected("control envelope is empty");
  switch (envelope->message_type()) {
    case wire::Message::Hello:
      return take(*envelope->message_as_Hello());
    case wire::Message::Offer:
      return take(*envelope->message_as_Offer());
    case wire::Message::Verified:
      return take(*envelope->message_as_Verified());
    case wire::Message::Rejected:
      return take(*envelope->message_as_Rejected());
    case wire::Message::Applied:
      return take(*envelope->message_as_Applied());
    case wire::Message::Stable:
      return take(*envelope->message_as_Stable());
    case wire::Message::Status:
      return take(*envelope->message_as_Status());
    case wire::Message::Drain:
      return take(*envelope->message_as_Drain());
    case wire::Message::NONE:
      break;
  }
  return std::unexpected("control message of an unknown type");
}

}  // namespace

std::vector<std::byte> encode_hello(const HelloMessage& message) {
  FlatBufferBuilder builder;
  const auto version = put_text(builder, message.version);
  const auto refused = put_generations(builder, message.refused);
  const auto ring_caps = put_text(builder, message.ring_caps);
  const wire::Generation applied = to_wire(message.applied);
  const wire::Hash128 applied_hash = to_wire(message.applied_hash);
  const wire::Generation stable = to_wire(message.stable);
  const wire::Generation placement = to_wire(message.placement);
  return seal(builder, wire::Message::Hello,
              wire::CreateHello(builder, message.boot_id, message.pid, version, message.schema_max,
                                message.workers, &applied, &applied_hash, message.applied_revision, &stable,
                                &placement, refused, message.crash_count, ring_caps));
}

std::vector<std::byte> encode_offer(const OfferMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation generation = to_wire(message.generation);
  const wire::Hash128 hash = to_wire(message.hash);
  return seal(builder, wire::Message::Offer,
              wire::CreateOffer(builder, static_cast<wire::OfferKind>(message.kind),
                                static_cast<wire::OfferMode>(message.mode), &generation, message.revision,
                                message.bytes, &hash, message.allow_empty));
}

std::vector<std::byte> encode_verified(const VerifiedMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation generation = to_wire(message.generation);
  return seal(builder, wire::Message::Verified,
              wire::CreateVerified(builder, static_cast<wire::OfferKind>(message.kind),
                                   static_cast<wire::OfferMode>(message.mode), &generation,
                                   message.verify_microseconds));
}

std::vector<std::byte> encode_rejected(const RejectedMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation generation = to_wire(message.generation);
  const auto code = put_text(builder, message.code);
  const auto path = put_text(builder, message.path);
  const auto text = put_text(builder, message.message);
  return seal(builder, wire::Message::Rejected,
              wire::CreateRejected(builder, static_cast<wire::OfferKind>(message.kind), &generation, code,
                                   path, text));
}

std::vector<std::byte> encode_applied(const AppliedMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation generation = to_wire(message.generation);
  return seal(
      builder, wire::Message::Applied,
      wire::CreateApplied(builder, static_cast<wire::OfferKind>(message.kind), &generation,
                          message.apply_microseconds, message.listeners_opened, message.listeners_closed));
}

std::vector<std::byte> encode_stable(const StableMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation generation = to_wire(message.generation);
  return seal(builder, wire::Message::Stable, wire::CreateStable(builder, &generation));
}

std::vector<std::byte> encode_status(const StatusMessage& message) {
  FlatBufferBuilder builder;
  const wire::Generation applied = to_wire(message.applied);
  const wire::Generation stable = to_wire(message.stable);
  const wire::Generation placement = to_wire(message.placement);
  const auto pinned = put_generations(builder, message.pinned_generations);
  return seal(builder, wire::Message::Status,
              wire::CreateStatus(builder, &applied, &stable, &placement, message.draining,
                                 message.connections, message.streams, pinned));
}

std::vector<std::byte> encode_drain(const DrainMessage& message) {
  FlatBufferBuilder builder;
  return seal(builder, wire::Message::Drain,
              wire::CreateDrain(builder, static_cast<wire::DrainAction>(message.action)));
}

std::expected<ControlMessage, std::string_view> decode_control(std::span<const std::byte> bytes) {
  if (bytes.size() < 16) return std::unexpected("control message is too short");
  if (bytes.size() > kControlFrameBytesMax) return std::unexpected("control message is longer than 64 KiB");
  // FlatBuffers reads 64-bit fields in place: copy into aligned storage, a few hundred bytes.
  std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  return decode_aligned(reinterpret_cast<const uint8_t*>(aligned.data()), bytes.size());
}

}  // namespace sluice
