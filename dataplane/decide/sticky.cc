#include "dataplane/decide/sticky.h"

#include <algorithm>
#include <cstring>

namespace sluice::decide {
namespace {

constexpr uint32_t kNameDigits = 16;
constexpr uint32_t kExpiryDigits = 8;

// Lower case only: a value has one spelling.
bool parse_hex(std::string_view digits, uint64_t& number) {
  number = 0;
  for (const char c : digits) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return false;
    number = number << 4 | static_cast<uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return true;
}

char* write_hex(uint64_t number, uint32_t digits, char* out) {
  for (uint32_t i = digits; i-- > 0; number >>= 4) out[i] = "0123456789abcdef"[number & 15];
  return out + digits;
}

SipKey key_of(const wire::SecretKey& key) {
  const auto* words = key.words();
  return {words->Get(0) | static_cast<uint64_t>(words->Get(1)) << 32,
          words->Get(2) | static_cast<uint64_t>(words->Get(3)) << 32};
}

template <size_t kWords>
std::span<const std::byte> message(const uint64_t (&words)[kWords]) {
  return std::as_bytes(std::span(words));
}

}  // namespace

Sticky::Sticky(const Arrays& arrays, const wire::Sticky& table)
    : cookie_(view(table.cookie())),
      attributes_(view(table.attributes())),
      pool_id_(arrays.pools[table.pool()].id()),
      max_age_seconds_(table.max_age_seconds()) {
  const wire::Pool& pool = arrays.pools[table.pool()];
  for (const wire::SecretKey* key : *table.keys()) {
    Signer signer;
    signer.key = key_of(*key);
    for (uint32_t member = 0; member < pool.member_count(); ++member) {
      const uint64_t peer_id = arrays.peers[arrays.members[pool.first_member() + member].peer()].id();
      const uint64_t words[] = {pool_id_, peer_id};
      const uint64_t name = sip_hash(signer.key, message(words));
      signer.members.push_back({name, member});
      if (signers_.empty()) signer.names.push_back(name);
    }
    std::sort(signer.members.begin(), signer.members.end(),
              [](const Name& left, const Name& right) { return left.name < right.name; });
    name_bytes_ += signer.members.size() * sizeof(Name) + signer.names.size() * sizeof(uint64_t);
    signers_.push_back(std::move(signer));
  }
}

SipTag Sticky::sign(const SipKey& key, uint64_t name, uint32_t expiry) const {
  const uint64_t words[] = {pool_id_, name, expiry};
  return sip_hash_128(key, message(words));
}

bool Sticky::wants_refresh(uint32_t expiry, uint64_t now_seconds) const {
  if (max_age_seconds_ == 0 || expiry == 0) return (max_age_seconds_ == 0) != (expiry == 0);
  const uint64_t left = expiry - now_seconds;
  return left < max_age_seconds_ / 2 || left > max_age_seconds_;
}

Sticky::Found Sticky::read(std::string_view value, uint64_t now_seconds) const {
  uint64_t name = 0;
  uint64_t expiry = 0;
  SipTag tag;
  if (value.size() != kValueBytes || !parse_hex(value.substr(0, kNameDigits), name) ||
      !parse_hex(value.substr(kNameDigits, kExpiryDigits), expiry) ||
      !parse_hex(value.substr(kNameDigits + kExpiryDigits, 16), tag.low) ||
      !parse_hex(value.substr(kNameDigits + kExpiryDigits + 16, 16), tag.high)) {
    return {};
  }
  if (expiry != 0 && expiry <= now_seconds) return {};
  for (const Signer& signer : signers_) {
    if (!equal_in_constant_time(sign(signer.key, name, static_cast<uint32_t>(expiry)), tag)) continue;
    const auto found =
        std::lower_bound(signer.members.begin(), signer.members.end(), name,
                         [](const Name& entry, uint64_t wanted) { return entry.name < wanted; });
    if (found == signer.members.end() || found->name != name) return {};  // Left the pool meanwhile.
    const bool is_old = &signer != &signers_.front();
    return {found->member, is_old || wants_refresh(static_cast<uint32_t>(expiry), now_seconds)};
  }
  return {};
}

void Sticky::write(uint32_t member, uint64_t now_seconds, Value& value) const {
  const Signer& signer = signers_.front();
  const uint32_t expiry = max_age_seconds_ == 0 ? 0 : static_cast<uint32_t>(now_seconds + max_age_seconds_);
  const SipTag tag = sign(signer.key, signer.names[member], expiry);
  char* out = write_hex(signer.names[member], kNameDigits, value);
  out = write_hex(expiry, kExpiryDigits, out);
  out = write_hex(tag.low, 16, out);
  write_hex(tag.high, 16, out);
}

void Stickies::build(const Arrays& arrays) {
  const wire::SnapshotFeatures* features = arrays.root->features();
  if (features == nullptr || features->stickies() == nullptr) return;
  for (const wire::Sticky* table : *features->stickies()) {
    entries_.push_back({table->pool(), Sticky(arrays, *table)});
  }
}

const Sticky* Stickies::of(uint32_t pool) const {
  if (entries_.empty()) return nullptr;
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), pool,
                       [](const Entry& entry, uint32_t wanted) { return entry.pool < wanted; });
  return found == entries_.end() || found->pool != pool ? nullptr : &found->sticky;
}

uint64_t Stickies::bytes() const {
  uint64_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.sticky.bytes();
  return sum;
}

}  // namespace sluice::decide
