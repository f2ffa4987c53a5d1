// A pool's signed cookie.
#include <algorithm>

#include "admin/model/decode.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::admin {
namespace {

constexpr size_t kKeysMax = 4;
constexpr size_t kKeyBytesMin = 16;
constexpr size_t kKeyBytesMax = 1024;
constexpr size_t kCookieBytesMax = 64;
constexpr size_t kAttributeBytesMax = 255;
constexpr uint32_t kMaxAgeMillisecondsMax = 720 * 3'600'000U;  // 30 days.

void decode_key(ValueReader& reader, const Value& value, Sticky& sticky) {
  const auto key = reader.word(value);
  if (!key) return;
  if (key->size() < kKeyBytesMin || key->size() > kKeyBytesMax) {
    reader.fail(value, "the key has " + std::to_string(key->size()) + " bytes",
                "16 to 1024 that nobody can guess: openssl rand -hex 32");
  } else if (std::find(sticky.keys.begin(), sticky.keys.end(), *key) != sticky.keys.end()) {
    reader.fail(value, "the same key twice", "remove one");
  } else {
    sticky.keys.emplace_back(*key);
  }
}

void decode_keys(ValueReader& reader, const Value& value, const Value& one, const Value& several,
                 Sticky& sticky) {
  if (one && several) {
    reader.fail(several, "`key` and `keys` at once", "write `keys` alone: the first signs, all verify");
  } else if (one) {
    decode_key(reader, one, sticky);
  } else if (!several) {
    if (value.is_mapping()) {
      reader.fail(value, "sticky needs a `key`", "add one: key: ${STICKY_KEY}, of 16 bytes or more");
    }
  } else if (several.is_sequence() && (several.node->size == 0 || several.node->size > kKeysMax)) {
    reader.fail(several, std::to_string(several.node->size) + " keys", "1 to 4");
  } else {
    reader.for_each(several, [&](const Value& item) { decode_key(reader, item, sticky); });
  }
}

// What may stand in an attribute of Set-Cookie (RFC 6265 4.1.1).
void decode_attribute(ValueReader& reader, const Value& value, std::string& attribute) {
  const auto text = reader.word(value);
  if (!text) return;
  if (!decide::is_field_value(*text) || text->find(';') != std::string_view::npos ||
      text->size() > kAttributeBytesMax) {
    reader.fail(value, quoted(*text) + " cannot stand in a cookie", "no `;`, 255 bytes at most");
  } else {
    attribute = *text;
  }
}

}  // namespace

Sticky decode_sticky(ValueReader& reader, const Value& value) {
  enum { kCookie, kKey, kKeys, kMaxAge, kPath, kDomain, kSameSite, kHttpOnly, kSecure };
  constexpr std::string_view kNames[] = {"cookie", "key",       "keys",      "max_age", "path",
                                         "domain", "same_site", "http_only", "secure"};
  Fields fields(reader, value, "sticky", kNames);
  Sticky sticky;
  if (const Value field = fields.require(kCookie)) {
    const auto name = reader.word(field);
    if (name && (!decide::is_token(*name) || name->size() > kCookieBytesMax)) {
      reader.fail(field, quoted(*name) + " is not the name of a cookie",
                  "letters, digits, `-` and `_`; 64 bytes");
    } else if (name) {
      sticky.cookie = *name;
    }
  }
  decode_keys(reader, value, fields[kKey], fields[kKeys], sticky);
  if (const Value field = fields[kMaxAge]) {
    const auto age = reader.milliseconds(field, 1000, kMaxAgeMillisecondsMax);
    if (age) sticky.max_age_seconds = *age / 1000;
  }
  if (const Value field = fields[kPath]) decode_attribute(reader, field, sticky.path);
  if (const Value field = fields[kDomain]) decode_attribute(reader, field, sticky.domain);
  if (const Value field = fields[kSameSite]) {
    constexpr std::string_view kSites[] = {"lax", "strict", "none"};
    if (const auto choice = reader.choice(field, kSites)) sticky.same_site = static_cast<SameSite>(*choice);
  }
  if (const Value field = fields[kHttpOnly]) sticky.http_only = reader.truth(field).value_or(true);
  if (const Value field = fields[kSecure]) sticky.secure = reader.truth(field).value_or(false);
  if (sticky.same_site == SameSite::none && !sticky.secure && fields.has(kSameSite)) {
    reader.fail(fields[kSameSite], "browsers refuse `same_site: none` without `secure: true`",
                "add secure: true, or write lax");
  }
  return sticky;
}

}  // namespace sluice::admin
