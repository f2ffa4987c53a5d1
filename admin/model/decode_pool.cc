#include "admin/model/decode.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {
namespace {

constexpr uint64_t kWeightMax = 1000;
constexpr size_t kMembersMax = 65'535;  // A member index fits 16 bits.

std::optional<Member> decode_member(ValueReader& reader, const Value& value, wire::PoolMode mode) {
  Member member;
  member.place = reader.place(value);
  if (value.is_scalar()) {
    const auto name = reader.name(value);
    if (!name) return std::nullopt;
    member.peer = *name;
    return member;
  }
  enum { kPeer, kWeight };
  constexpr std::string_view kKeys[] = {"peer", "weight"};
  Fields fields(reader, value, "a member", kKeys);
  if (const Value field = fields[kWeight]) {
    if (mode == wire::PoolMode::failover) {
      reader.fail(field, "a weight has no meaning in a failover pool, where the order of members decides",
                  "remove it, or use mode: load_balancing");
    } else if (const auto weight = reader.integer(field, 1, kWeightMax)) {
      member.weight = static_cast<uint16_t>(*weight);
    }
  }
  const Value field = fields.require(kPeer);
  if (!field) return std::nullopt;
  const auto name = reader.name(field);
  if (!name) return std::nullopt;
  member.peer = *name;
  return member;
}

void decode_members(ValueReader& reader, const Value& value, Pool& pool) {
  if (!reader.want_sequence(value)) return;
  if (value.node->size == 0 || value.node->size > kMembersMax) {
    reader.fail(value, "a pool has 1 to 65535 members, this one " + std::to_string(value.node->size),
                value.node->size == 0 ? "name at least one peer" : "split it");
    return;
  }
  reader.for_each(value, [&](const Value& item) {
    if (auto member = decode_member(reader, item, pool.mode)) pool.members.push_back(*std::move(member));
  });
}

void decode_mode(ValueReader& reader, const Fields& fields, size_t mode_key, size_t policy_key, Pool& pool) {
  constexpr std::string_view kModes[] = {"failover", "load_balancing"};
  constexpr std::string_view kPolicies[] = {"round_robin", "least_conn", "ip_hash", "random_two", "maglev"};
  if (const Value field = fields[mode_key]) {
    if (const auto choice = reader.choice(field, kModes)) pool.mode = static_cast<wire::PoolMode>(*choice);
  }
  const Value field = fields[policy_key];
  if (!field) return;
  if (reader.is_word(field, "nearest")) {
    reader.fail(field, "policy nearest is not supported by this version", "use least_conn or another policy");
  } else if (const auto choice = reader.choice(field, kPolicies)) {
    if (pool.mode == wire::PoolMode::failover) {
      reader.fail(field, "a failover pool has no policy: its first usable member takes everything",
                  "remove `policy`, or use mode: load_balancing");
    } else {
      pool.policy = static_cast<wire::BalancePolicy>(*choice);
    }
  }
}

}  // namespace

std::shared_ptr<const Peer> decode_peer(ValueReader& reader, const Value& value) {
  enum { kName, kAddress, kWeight, kPeerType };
  constexpr std::string_view kKeys[] = {"name", "address", "weight", "peer_type"};
  constexpr std::string_view kLater[] = {"health_check", "backend", "tls", "zone"};
  Fields fields(reader, value, "a peer", kKeys, kLater);
  auto peer = std::make_shared<Peer>();
  bool is_named = false;
  if (const Value field = fields.require(kName)) {
    peer->place = reader.place(field);
    if (const auto name = reader.name(field)) {
      is_named = true;
      peer->name = *name;
      peer->id = stable_hash(HashUse::object_name, *name);
    }
  }
  if (const Value field = fields.require(kAddress)) {
    if (auto endpoint = decode_endpoint(reader, field, false)) {
      if (endpoint->ip && endpoint->ip->is_any()) {
        reader.fail(field, quoted(to_text(*endpoint)) + " is no address to connect to",
                    "write the peer's address");
      } else {
        peer->address = *std::move(endpoint);
      }
    }
  }
  if (const Value field = fields[kWeight]) {
    if (const auto weight = reader.integer(field, 1, kWeightMax))
      peer->weight = static_cast<uint16_t>(*weight);
  }
  if (const Value field = fields[kPeerType]) {
    constexpr std::string_view kTypes[] = {"endpoint", "gateway"};
    if (const auto choice = reader.choice(field, kTypes)) peer->peer_type = static_cast<PeerType>(*choice);
  }
  if (!is_named) return nullptr;
  return peer;
}

std::shared_ptr<const Pool> decode_pool(ValueReader& reader, const Value& value) {
  enum { kName, kMode, kPolicy, kMembers, kOutage, kTimeouts, kSticky, kSendProxyProtocol };
  constexpr std::string_view kKeys[] = {"name",   "mode",     "policy", "members",
                                        "outage", "timeouts", "sticky", "send_proxy_protocol"};
  constexpr std::string_view kLater[] = {"health_check", "failback"};
  Fields fields(reader, value, "a pool", kKeys, kLater);
  auto pool = std::make_shared<Pool>();
  bool is_named = false;
  if (const Value field = fields.require(kName)) {
    pool->place = reader.place(field);
    if (const auto name = reader.name(field)) {
      is_named = true;
      pool->name = *name;
      pool->id = stable_hash(HashUse::object_name, *name);
    }
  }
  decode_mode(reader, fields, kMode, kPolicy, *pool);
  if (const Value field = fields.require(kMembers)) decode_members(reader, field, *pool);
  if (const Value field = fields[kOutage]) pool->outage = decode_response(reader, field, 503, "outage");
  if (const Value field = fields[kTimeouts]) {
    pool->timeouts = decode_timeouts(reader, field, kPoolTimeouts, "a pool");
  }
  if (const Value field = fields[kSticky]) {
    if (pool->mode == wire::PoolMode::failover) {
      reader.fail(field, "a failover pool sends everybody to its first usable member",
                  "remove `sticky`, or use mode: load_balancing");
    } else {
      pool->sticky = decode_sticky(reader, field);
    }
  }
  if (const Value field = fields[kSendProxyProtocol]) {
    const auto choice = reader.choice(field, kProxyVersions);
    if (choice) pool->send_proxy_protocol = static_cast<wire::ProxyProtocol>(*choice);
  }
  if (!is_named) return nullptr;
  return pool;
}

}  // namespace sluice::admin
