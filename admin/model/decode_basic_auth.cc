// Who may use a route with a password: users and the hashes of their passwords, here or in a file that
// htpasswd wrote.
#include <algorithm>
#include <charconv>

#include "admin/model/decode.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::admin {
namespace {

constexpr uint64_t kFileBytesMax = 1024 * 1024;
constexpr size_t kUsersMax = 10'000;
constexpr size_t kNameBytesMax = 128;
constexpr size_t kRealmBytesMax = 128;
// One check is bounded: bcrypt of cost 12 takes a quarter of a second, as do 400,000 rounds of SHA-crypt.
constexpr uint32_t kBcryptCostMax = 12;
constexpr uint32_t kRoundsMax = 400'000;

constexpr std::string_view kHowTo = "write it with htpasswd -B, or mkpasswd -m sha-512";

bool is_crypt_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
  });
}

// What is wrong with it, or empty.
std::string judge_bcrypt(std::string_view rest) {  // "05$", 22 bytes of salt, 31 of hash
  uint32_t cost = 0;
  const bool has_cost = rest.size() > 3 && rest[2] == '$' &&
                        std::from_chars(rest.data(), rest.data() + 2, cost).ptr == rest.data() + 2;
  if (!has_cost || rest.size() != 3 + 53 || !is_crypt_text(rest.substr(3))) return "is cut or damaged";
  if (cost < 4 || cost > kBcryptCostMax) return "has a cost outside of 4 to 12";
  return {};
}

std::string judge_sha(std::string_view rest, size_t hash_bytes) {  // "[rounds=N$]salt$hash"
  constexpr std::string_view kRounds = "rounds=";
  if (rest.starts_with(kRounds)) {
    rest.remove_prefix(kRounds.size());
    uint32_t rounds = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), rounds);
    if (parsed.ec != std::errc() || parsed.ptr == rest.data() + rest.size() || *parsed.ptr != '$')
      return "is cut or damaged";
    if (rounds < 1000 || rounds > kRoundsMax) return "has rounds outside of 1000 to 400000";
    rest.remove_prefix(static_cast<size_t>(parsed.ptr - rest.data()) + 1);
  }
  const size_t dollar = rest.find('$');
  constexpr size_t kSaltBytesMax = 16;
  if (dollar == std::string_view::npos || dollar == 0 || dollar > kSaltBytesMax ||
      rest.size() - dollar - 1 != hash_bytes || !is_crypt_text(rest.substr(0, dollar)) ||
      !is_crypt_text(rest.substr(dollar + 1))) {
    return "is cut or damaged";
  }
  return {};
}

std::string judge_hash(std::string_view hash) {
  if (hash.starts_with("$2y$") || hash.starts_with("$2b$")) return judge_bcrypt(hash.substr(4));
  if (hash.starts_with("$5$")) return judge_sha(hash.substr(3), 43);
  if (hash.starts_with("$6$")) return judge_sha(hash.substr(3), 86);
  if (hash.starts_with("$apr1$") || hash.starts_with("{SHA}")) return "is of a kind that is guessed too fast";
  return "is not bcrypt or SHA-crypt";
}

// "name:hash" into users; what is wrong with it, or empty.
std::string add_user(std::string_view line, std::vector<BasicUser>& users) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "is not `name:hash`";
  const std::string_view name = line.substr(0, colon);
  if (name.empty() || name.size() > kNameBytesMax || name.find_first_of("\t\r\n") != std::string_view::npos)
    return "has no name of 1 to 128 bytes";
  if (std::string problem = judge_hash(line.substr(colon + 1)); !problem.empty())
    return "the hash of " + quoted(name) + " " + problem;
  users.push_back({std::string(name), std::string(line.substr(colon + 1))});
  return {};
}

bool decode_users_file(ValueReader& reader, const Value& value, std::vector<BasicUser>& users) {
  const auto text = reader.file_text(value, kFileBytesMax);
  if (!text) return false;
  std::string_view rest = *text;
  for (uint32_t number = 1; !rest.empty(); ++number) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string problem = add_user(line, users);
    if (problem.empty()) continue;
    reader.fail(value, "line " + std::to_string(number) + " of the file: " + problem, std::string(kHowTo));
    return false;
  }
  return true;
}

bool decode_users(ValueReader& reader, const Value& value, std::vector<BasicUser>& users) {
  bool complete = true;
  reader.for_each(value, [&](const Value& item) {
    const auto line = reader.word(item);
    const std::string problem = line ? add_user(*line, users) : "";
    if (!problem.empty()) reader.fail(item, problem, std::string(kHowTo));
    complete &= line.has_value() && problem.empty();
  });
  return complete;
}

void check_users(ValueReader& reader, const Value& value, std::vector<BasicUser>& users) {
  std::sort(users.begin(), users.end(),
            [](const BasicUser& left, const BasicUser& right) { return left.name < right.name; });
  const auto twice = std::adjacent_find(
      users.begin(), users.end(),
      [](const BasicUser& left, const BasicUser& right) { return left.name == right.name; });
  if (twice != users.end()) {
    reader.fail(value, "the user " + quoted(twice->name) + " is there twice", "keep one");
  } else if (users.size() > kUsersMax) {
    reader.fail(value, std::to_string(users.size()) + " users", "10000 at most");
  } else if (users.empty()) {
    reader.fail(value, "there is no user, so that nobody could come in", "add one: htpasswd -B FILE NAME");
  }
}

}  // namespace

BasicAuth decode_basic_auth(ValueReader& reader, const Value& value) {
  enum { kRealm, kUsersFile, kUsers, kForwardHeader };
  constexpr std::string_view kKeys[] = {"realm", "users_file", "users", "forward_header"};
  Fields fields(reader, value, "basic_auth", kKeys);
  BasicAuth auth;
  if (const Value field = fields[kRealm]) {
    const auto realm = reader.word(field);
    if (realm && (!decide::is_field_value(*realm) || realm->size() > kRealmBytesMax ||
                  realm->find_first_of("\"\\") != std::string_view::npos)) {
      reader.fail(field, quoted(*realm) + " is not a realm", "128 bytes at most, no quotes and backslashes");
    } else if (realm) {
      auth.realm = *realm;
    }
  }
  if (const Value field = fields[kForwardHeader]) auth.forward_header = reader.truth(field).value_or(false);
  const Value file = fields[kUsersFile];
  const Value list = fields[kUsers];
  if (file && list) {
    reader.fail(list, "`users` and `users_file` at once", "remove one");
  } else if (file) {
    if (decode_users_file(reader, file, auth.users)) check_users(reader, file, auth.users);
  } else if (list) {
    if (decode_users(reader, list, auth.users)) check_users(reader, list, auth.users);
  } else if (value.is_mapping()) {
    reader.fail(value, "basic_auth needs `users_file` or `users`", "add users_file: users.htpasswd");
  }
  return auth;
}

}  // namespace sluice::admin
