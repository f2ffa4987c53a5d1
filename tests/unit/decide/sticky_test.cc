// Signed cookies: what one gateway writes every other reads, and nobody else can write.
#include "dataplane/decide/sticky.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/decide/snapshot_builder.h"

namespace sluice::decide {
namespace {

using testing::SnapshotBuilder;
using testing::StickySpec;

constexpr uint64_t kNow = 1'800'000'000;

struct Loaded {
  std::vector<std::byte> bytes;
  std::unique_ptr<Snapshot> snapshot;
  const Sticky* operator->() const { return snapshot->sticky(1); }
};

// Pool 1 of two has the members and the cookie.
Loaded load(const StickySpec& spec, const std::vector<std::string>& peers = {"10.0.0.1:80", "10.0.0.2:80"},
            std::string_view pool_name = "app") {
  SnapshotBuilder builder;
  std::vector<testing::MemberSpec> members;
  for (const std::string& peer : peers) members.push_back({builder.add_peer(peer), 1});
  builder.add_pool("other", members);
  builder.add_pool(pool_name, members);
  StickySpec placed = spec;
  placed.pool = 1;
  builder.stickies.push_back(placed);
  Loaded loaded;
  loaded.bytes = builder.finish();
  auto snapshot = Snapshot::load(loaded.bytes, {});
  EXPECT_TRUE(snapshot.has_value()) << snapshot.error().path << snapshot.error().message;
  loaded.snapshot = std::move(*snapshot);
  return loaded;
}

std::string value_of(const Loaded& loaded, uint32_t member, uint64_t now = kNow) {
  Sticky::Value value;
  loaded->write(member, now, value);
  return {value, sizeof(value)};
}

TEST(Sticky, ReadsWhatItWrote) {
  const Loaded loaded = load({});
  for (uint32_t member = 0; member < 2; ++member) {
    const Sticky::Found found = loaded->read(value_of(loaded, member), kNow);
    EXPECT_EQ(found.member, member);
    EXPECT_FALSE(found.wants_refresh);
  }
  EXPECT_EQ(loaded.snapshot->sticky(0), nullptr);
  EXPECT_EQ(loaded->cookie(), "SRV");
}

TEST(Sticky, AnotherGatewayWithTheKeyReadsItWhateverTheOrderOfMembers) {
  const Loaded here = load({}, {"10.0.0.1:80", "10.0.0.2:80"});
  const Loaded there = load({}, {"10.0.0.9:80", "10.0.0.2:80", "10.0.0.1:80"});
  EXPECT_EQ(there->read(value_of(here, 0), kNow).member, 2U);
  EXPECT_EQ(there->read(value_of(here, 1), kNow).member, 1U);
  EXPECT_EQ(value_of(here, 0), value_of(there, 2));
}

TEST(Sticky, NothingForgedIsTaken) {
  const Loaded loaded = load({});
  const std::string good = value_of(loaded, 0);
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : std::string("0123456789abcdefABCDEF \xff")) {
      if (c == good[i]) continue;
      std::string forged = good;
      forged[i] = c;
      EXPECT_EQ(loaded->read(forged, kNow).member, kNone) << forged;
    }
  }
  EXPECT_EQ(loaded->read("", kNow).member, kNone);
  EXPECT_EQ(loaded->read(good + "0", kNow).member, kNone);
  EXPECT_EQ(loaded->read(good.substr(1), kNow).member, kNone);
  EXPECT_EQ(load({.keys = {2}})->read(good, kNow).member, kNone) << "signed by somebody else's key";
  EXPECT_EQ(load({}, {"10.0.0.1:80", "10.0.0.2:80"}, "other-pool")->read(good, kNow).member, kNone);
}

TEST(Sticky, AMemberThatLeftIsNobody) {
  const std::string value = value_of(load({}), 0);
  EXPECT_EQ(load({}, {"10.0.0.2:80", "10.0.0.3:80"})->read(value, kNow).member, kNone);
}

TEST(Sticky, TheValueDoesNotShowTheAddress) {
  // The same member has another name under another key and in another pool.
  const std::set<std::string> names = {value_of(load({}), 0).substr(0, 16),
                                       value_of(load({.keys = {2}}), 0).substr(0, 16),
                                       value_of(load({}, {"10.0.0.1:80"}, "b"), 0).substr(0, 16)};
  EXPECT_EQ(names.size(), 3U);
}

TEST(Sticky, AKeyIsReplacedInTwoSteps) {
  const Loaded before = load({.keys = {1}});
  const Loaded between = load({.keys = {2, 1}});
  const Loaded after = load({.keys = {2}});
  const std::string old_value = value_of(before, 1);
  const Sticky::Found found = between->read(old_value, kNow);
  EXPECT_EQ(found.member, 1U);
  EXPECT_TRUE(found.wants_refresh);
  const std::string new_value = value_of(between, 1);
  EXPECT_FALSE(between->read(new_value, kNow).wants_refresh);
  EXPECT_EQ(after->read(new_value, kNow).member, 1U);
  EXPECT_EQ(after->read(old_value, kNow).member, kNone);
}

TEST(Sticky, ItExpiresAndIsRenewedInTime) {
  const Loaded loaded = load({.max_age_seconds = 1000});
  const std::string value = value_of(loaded, 1);
  EXPECT_FALSE(loaded->read(value, kNow + 400).wants_refresh);
  EXPECT_TRUE(loaded->read(value, kNow + 501).wants_refresh);
  EXPECT_EQ(loaded->read(value, kNow + 999).member, 1U);
  EXPECT_EQ(loaded->read(value, kNow + 1000).member, kNone);
}

TEST(Sticky, AnotherLifetimeIsTakenOver) {
  const Loaded session = load({});
  const Loaded shorter = load({.max_age_seconds = 100});
  const Loaded longer = load({.max_age_seconds = 1000});
  EXPECT_TRUE(shorter->read(value_of(session, 0), kNow).wants_refresh);
  EXPECT_TRUE(shorter->read(value_of(longer, 0), kNow).wants_refresh);
  EXPECT_TRUE(session->read(value_of(longer, 0), kNow).wants_refresh);
  EXPECT_EQ(session->read(value_of(longer, 0), kNow).member, 0U);
}

}  // namespace
}  // namespace sluice::decide
