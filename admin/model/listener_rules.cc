#include "admin/model/listener_rules.h"

#include "admin/model/config.h"
#include "admin/model/decode.h"
#include "admin/model/text_writer.h"

namespace sluice::admin {
namespace {

// In the order of wire::PathMode and wire::EncodedSlash.
constexpr std::string_view kPathModes[] = {"normalize", "reject", "as_is"};
constexpr std::string_view kEncodedSlashes[] = {"keep", "reject", "decode"};

void write_keys(TextWriter& out, const PathPolicy& policy) {
  if (policy.mode) out.text("mode", kPathModes[static_cast<size_t>(*policy.mode)]);
  if (policy.encoded_slash) {
    out.text("encoded_slash", kEncodedSlashes[static_cast<size_t>(*policy.encoded_slash)]);
  }
  if (policy.merge_slashes) {
    out.key("merge_slashes");
    out.truth(*policy.merge_slashes);
  }
}

}  // namespace

decide::PathPolicy merged(const PathPolicy& own, const decide::PathPolicy& otherwise) {
  return {own.mode.value_or(otherwise.mode), own.encoded_slash.value_or(otherwise.encoded_slash),
          own.merge_slashes.value_or(otherwise.merge_slashes)};
}

decide::PathPolicy path_policy_of(const Config& config, const Listener& listener) {
  return merged(listener.path_policy, config.path_policy);
}

PathPolicy decode_path_policy(ValueReader& reader, const Value& value) {
  enum { kMode, kEncodedSlash, kMergeSlashes };
  constexpr std::string_view kKeys[] = {"mode", "encoded_slash", "merge_slashes"};
  Fields fields(reader, value, "path_policy", kKeys);
  PathPolicy policy;
  if (const Value field = fields[kMode]) {
    if (const auto choice = reader.choice(field, kPathModes))
      policy.mode = static_cast<wire::PathMode>(*choice);
  }
  if (const Value field = fields[kEncodedSlash]) {
    if (const auto choice = reader.choice(field, kEncodedSlashes)) {
      policy.encoded_slash = static_cast<wire::EncodedSlash>(*choice);
    }
  }
  if (const Value field = fields[kMergeSlashes]) policy.merge_slashes = decode_switch(reader, field);
  return policy;
}

std::optional<bool> decode_switch(ValueReader& reader, const Value& value) {
  const bool is_literal = value.is_scalar() && value.node->kind == Node::Kind::literal;
  const auto is = [&](std::string_view word) {
    return is_literal ? value.node->text() == word : reader.is_word(value, word);
  };
  if (is("true") || is("on")) return true;
  if (is("false") || is("off")) return false;
  reader.fail(value, "neither true nor false", "write true or false");
  return std::nullopt;
}

void write_listener_rules(TextWriter& out, const Listener& listener) {
  if (listener.path_policy == PathPolicy{}) return;
  out.key("path_policy");
  out.open_mapping();
  write_keys(out, listener.path_policy);
  out.close_mapping();
}

void write_path_policy(TextWriter& out, const decide::PathPolicy& policy) {
  out.open_mapping();
  write_keys(out, {policy.mode, policy.encoded_slash, policy.merge_slashes});
  out.close_mapping();
}

}  // namespace sluice::admin
