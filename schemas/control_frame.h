// The messages between admin and data plane as plain structs, and their bytes (schemas/control.fbs).
// One message is one SOCK_SEQPACKET record. Pure: sending, receiving and descriptors belong to each side.
// decode() trusts nothing: size, FlatBuffers verifier with explicit limits, enum ranges. It refuses
// unknown messages; text is bounded and safe to print only as far as the sender kept to UTF-8.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/stable_hash.h"

namespace sluice {

// Both sides receive into a buffer of this size; a longer record is refused (MSG_TRUNC).
inline constexpr std::size_t kControlFrameBytesMax = 64 * 1024;
// encode() cuts text and lists that are longer, so that every message fits its record.
inline constexpr std::size_t kControlTextBytesMax = 8 * 1024;
inline constexpr std::size_t kControlGenerationsMax = 256;

// Under which a snapshot or placement is applied. Ordered, only grows; number 0: nothing.
struct Generation {
  uint64_t incarnation = 0;
  uint64_t number = 0;
  auto operator<=>(const Generation&) const = default;
};

enum class OfferKind : uint8_t { snapshot = 0, placement = 1 };
enum class OfferMode : uint8_t { apply = 0, check = 1 };
enum class DrainAction : uint8_t { drain = 0, undrain = 1 };

// ---- data plane -> admin

// First message of a connection; the read-only stats page descriptor comes with it.
struct HelloMessage {
  uint64_t boot_id = 0;
  int32_t pid = 0;
  std::string version;
  uint32_t schema_max = 0;
  uint32_t workers = 0;
  Generation applied;
  ContentHash applied_hash;
  uint64_t applied_revision = 0;
  Generation stable;
  Generation placement;
  std::vector<Generation> refused;  // Crashed before; offered again they are REJECTED.
  uint32_t crash_count = 0;
  std::string ring_caps;
  bool operator==(const HelloMessage&) const = default;
};

struct VerifiedMessage {
  OfferKind kind = OfferKind::snapshot;
  OfferMode mode = OfferMode::apply;
  Generation generation;
  uint64_t verify_microseconds = 0;
  bool operator==(const VerifiedMessage&) const = default;
};

struct RejectedMessage {
  OfferKind kind = OfferKind::snapshot;
  Generation generation;
  std::string code;  // The list is in control.fbs.
  std::string path;  // Object path: "listeners[web].address".
  std::string message;
  bool operator==(const RejectedMessage&) const = default;
};

struct AppliedMessage {
  OfferKind kind = OfferKind::snapshot;
  Generation generation;
  uint64_t apply_microseconds = 0;
  uint32_t listeners_opened = 0;
  uint32_t listeners_closed = 0;
  bool operator==(const AppliedMessage&) const = default;
};

struct StableMessage {
  Generation generation;
  bool operator==(const StableMessage&) const = default;
};

struct StatusMessage {
  Generation applied;
  Generation stable;
  Generation placement;
  bool draining = false;
  uint64_t connections = 0;
  uint64_t streams = 0;
  std::vector<Generation> pinned_generations;
  bool operator==(const StatusMessage&) const = default;
};

// ---- admin -> data plane

// The bytes come as a sealed memfd beside the message.
struct OfferMessage {
  OfferKind kind = OfferKind::snapshot;
  OfferMode mode = OfferMode::apply;
  Generation generation;
  uint64_t revision = 0;
  uint64_t bytes = 0;
  ContentHash hash;
  bool allow_empty = false;
  bool operator==(const OfferMessage&) const = default;
};

struct DrainMessage {
  DrainAction action = DrainAction::drain;
  bool operator==(const DrainMessage&) const = default;
};

using ControlMessage = std::variant<HelloMessage, OfferMessage, VerifiedMessage, RejectedMessage,
                                    AppliedMessage, StableMessage, StatusMessage, DrainMessage>;

// At most kControlFrameBytesMax bytes.
std::vector<std::byte> encode_hello(const HelloMessage& message);
std::vector<std::byte> encode_offer(const OfferMessage& message);
std::vector<std::byte> encode_verified(const VerifiedMessage& message);
std::vector<std::byte> encode_rejected(const RejectedMessage& message);
std::vector<std::byte> encode_applied(const AppliedMessage& message);
std::vector<std::byte> encode_stable(const StableMessage& message);
std::vector<std::byte> encode_status(const StatusMessage& message);
std::vector<std::byte> encode_drain(const DrainMessage& message);

// Any alignment. The error is a sentence for the log; the right answer to it is to close the connection.
std::expected<ControlMessage, std::string_view> decode_control(std::span<const std::byte> bytes);

}  // namespace sluice
