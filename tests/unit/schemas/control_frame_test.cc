// What one side encodes the other side reads back equal; anything damaged is refused, never read.
#include "schemas/control_frame.h"

#include <gtest/gtest.h>

#include <cstring>

#include "schemas/base/rng.h"

namespace sluice {
namespace {

HelloMessage sample_hello() {
  return {.boot_id = 77,
          .pid = 4321,
          .version = "0.1.0",
          .schema_max = 1,
          .workers = 4,
          .applied = {.incarnation = 9, .number = 12},
          .applied_hash = {.low = 1, .high = 2},
          .applied_revision = 8,
          .stable = {.incarnation = 9, .number = 11},
          .placement = {.incarnation = 9, .number = 10},
          .refused = {{9, 3}, {9, 4}},
          .crash_count = 2,
          .ring_caps = "multishot_accept,buffer_rings"};
}

template <typename Message>
Message decoded(const std::vector<std::byte>& bytes) {
  const auto message = decode_control(bytes);
  EXPECT_TRUE(message.has_value()) << message.error();
  const Message* found = message ? std::get_if<Message>(&*message) : nullptr;
  EXPECT_NE(found, nullptr);
  return found == nullptr ? Message{} : *found;
}

TEST(ControlFrame, EveryMessageComesBackEqual) {
  const HelloMessage hello = sample_hello();
  EXPECT_EQ(decoded<HelloMessage>(encode_hello(hello)), hello);
  const OfferMessage offer{OfferKind::placement, OfferMode::check, {9, 13}, 7, 1 << 20, {3, 4}, true};
  EXPECT_EQ(decoded<OfferMessage>(encode_offer(offer)), offer);
  const VerifiedMessage verified{OfferKind::snapshot, OfferMode::check, {9, 13}, 1234};
  EXPECT_EQ(decoded<VerifiedMessage>(encode_verified(verified)), verified);
  const RejectedMessage rejected{OfferKind::snapshot, {9, 13}, "BIND_FAILED", "listeners[web]", "in use"};
  EXPECT_EQ(decoded<RejectedMessage>(encode_rejected(rejected)), rejected);
  const AppliedMessage applied{OfferKind::placement, {9, 13}, 999, 1, 2};
  EXPECT_EQ(decoded<AppliedMessage>(encode_applied(applied)), applied);
  const StableMessage stable{{9, 13}};
  EXPECT_EQ(decoded<StableMessage>(encode_stable(stable)), stable);
  const StatusMessage status{{9, 13}, {9, 12}, {9, 1}, true, 5, 6, {{9, 11}}};
  EXPECT_EQ(decoded<StatusMessage>(encode_status(status)), status);
  const DrainMessage drain{DrainAction::undrain};
  EXPECT_EQ(decoded<DrainMessage>(encode_drain(drain)), drain);
}

TEST(ControlFrame, GenerationsOrderByIncarnationFirst) {
  EXPECT_LT((Generation{1, 900}), (Generation{2, 1}));
  EXPECT_LT((Generation{2, 1}), (Generation{2, 2}));
}

TEST(ControlFrame, AnUnalignedRecordIsReadTheSame) {
  const std::vector<std::byte> bytes = encode_hello(sample_hello());
  std::vector<std::byte> shifted(bytes.size() + 1);
  std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
  const auto message = decode_control(std::span(shifted).subspan(1));
  ASSERT_TRUE(message.has_value()) << message.error();
  EXPECT_EQ(std::get<HelloMessage>(*message), sample_hello());
}

TEST(ControlFrame, LongTextAndListsAreCutToFitARecord) {
  RejectedMessage rejected{.code = "VERIFY", .path = std::string(100'000, 'p')};
  for (int i = 0; i < 40'000; ++i) rejected.message += "\u00e4";
  const std::vector<std::byte> bytes = encode_rejected(rejected);
  EXPECT_LE(bytes.size(), kControlFrameBytesMax);
  const auto back = decoded<RejectedMessage>(bytes);
  EXPECT_EQ(back.path.size(), kControlTextBytesMax);
  EXPECT_EQ(back.message.size() % 2, 0u) << "cut inside a character";

  StatusMessage status;
  for (uint64_t i = 1; i <= 10'000; ++i) status.pinned_generations.push_back({1, i});
  const auto pinned = decoded<StatusMessage>(encode_status(status)).pinned_generations;
  ASSERT_EQ(pinned.size(), kControlGenerationsMax);
  EXPECT_EQ(pinned.back().number, 10'000u) << "the newest must stay";
}

TEST(ControlFrame, EveryTruncationIsRefused) {
  const std::vector<std::byte> bytes = encode_hello(sample_hello());
  for (std::size_t length = 0; length + 8 < bytes.size(); ++length) {
    EXPECT_FALSE(decode_control(std::span(bytes).first(length)).has_value()) << "at " << length;
  }
}

TEST(ControlFrame, TooLongAndForeignBytesAreRefused) {
  EXPECT_FALSE(decode_control(std::vector<std::byte>(kControlFrameBytesMax + 1)).has_value());
  EXPECT_FALSE(decode_control(std::vector<std::byte>(128)).has_value());
  std::vector<std::byte> foreign = encode_drain({});
  std::memcpy(foreign.data() + 4, "SLSN", 4);
  EXPECT_FALSE(decode_control(foreign).has_value());
}

// Flipped bits may still be a valid message with other values; what must not happen is a read outside the
// record (the address sanitizer build watches) or an enum outside its range.
TEST(ControlFrame, DamagedRecordsNeverYieldAnUnknownEnum) {
  Rng rng(1);
  const std::vector<std::byte> offer =
      encode_offer({OfferKind::snapshot, OfferMode::apply, {1, 1}, 1, 100, {5, 6}, false});
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = offer;
    for (uint64_t flips = 1 + rng.below(4); flips > 0; --flips) {
      damaged[rng.below(damaged.size())] ^= static_cast<std::byte>(1u << rng.below(8));
    }
    const auto message = decode_control(damaged);
    if (!message.has_value()) continue;
    ++accepted;
    if (const OfferMessage* read = std::get_if<OfferMessage>(&*message)) {
      EXPECT_LE(static_cast<int>(read->kind), 1);
      EXPECT_LE(static_cast<int>(read->mode), 1);
    }
  }
  EXPECT_GT(accepted, 0) << "the flips never reached a value field";
  EXPECT_LT(accepted, 20'000) << "nothing was refused";
}

}  // namespace
}  // namespace sluice
