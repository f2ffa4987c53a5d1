// What an HTTP route changes or answers: redirects, header operations, path rewrites, the origin's Host.
#include <algorithm>

#include "admin/model/decode.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::admin {

Redirect decode_redirect(ValueReader& reader, const Value& value) {
  enum { kTo, kScheme, kHost, kPath, kStatus };
  constexpr std::string_view kKeys[] = {"to", "scheme", "host", "path", "status"};
  constexpr std::string_view kPlaces[] = {"{scheme}", "{host}", "{path}", "{query}"};
  Fields fields(reader, value, "redirect", kKeys);
  Redirect redirect;
  if (const Value field = fields[kStatus]) {
    constexpr std::string_view kStatuses[] = {"301", "302", "303", "307", "308"};
    const auto status = reader.integer(field, 300, 399);
    const auto is_status = [&](std::string_view known) {
      return std::to_string(status.value_or(0)) == known;
    };
    if (status && std::none_of(std::begin(kStatuses), std::end(kStatuses), is_status)) {
      reader.fail(field, "not the status of a redirect", "write " + join_words(kStatuses));
    } else if (status) {
      redirect.status = static_cast<uint16_t>(*status);
    }
  }
  Value shown = value;
  if (const Value field = fields[kTo]) {
    shown = field;
    if (const auto to = reader.word(field)) redirect.location = *to;
    if (fields.has(kScheme) || fields.has(kHost) || fields.has(kPath)) {
      reader.fail(field, "`to` is the whole target; scheme, host and path are its parts", "write either");
    }
  } else if (fields.has(kScheme) || fields.has(kHost) || fields.has(kPath)) {
    const auto part = [&](size_t key, std::string_view otherwise) {
      const auto text = fields.has(key) ? reader.word(fields[key]) : otherwise;
      return std::string(text.value_or(otherwise));
    };
    redirect.location =
        part(kScheme, "{scheme}") + "://" + part(kHost, "{host}") + part(kPath, "{path}") + "{query}";
  } else if (value.is_mapping()) {
    reader.fail(value, "redirect needs a target",
                "write to: \"https://{host}{path}{query}\", or scheme, host or path");
  }
  std::string_view rest = redirect.location;
  for (size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{', open + 1)) {
    const auto known = [&](std::string_view place) { return rest.substr(open).starts_with(place); };
    if (std::any_of(std::begin(kPlaces), std::end(kPlaces), known)) continue;
    reader.fail(shown, quoted(redirect.location) + " has an unknown placeholder",
                "known are " + join_words(kPlaces));
    break;
  }
  if (!decide::is_field_value(redirect.location) || redirect.location.size() > kHeaderValueBytesMax ||
      redirect.location.find(' ') != std::string::npos) {
    reader.fail(shown, quoted(redirect.location) + " is not a location", "no spaces, 8192 bytes at most");
  }
  return redirect;
}

namespace {

void add_header_op(ValueReader& reader, const Value& value, wire::HeaderOpKind kind, std::string_view name,
                   std::string_view text, std::vector<HeaderOp>& ops) {
  constexpr size_t kNameBytesMax = 256;
  if (!decide::is_token(name) || name.size() > kNameBytesMax) {
    reader.fail(value, quoted(name) + " is not a header field name", "letters, digits and `-`");
  } else if (decide::is_reserved_field(name)) {
    reader.fail(value, quoted(name) + " belongs to the gateway: framing, Host or hop-by-hop",
                "remove it; Host towards the origin is set by the route's `host`");
  } else if (!decide::is_field_value(text) || text.size() > kHeaderValueBytesMax) {
    reader.fail(value, "not the value of a header field",
                "one line, no white space at its ends, 8192 bytes at most");
  } else {
    ops.push_back({kind, std::string(name), std::string(text)});
  }
}

}  // namespace

std::vector<HeaderOp> decode_header_ops(ValueReader& reader, const Value& value) {
  enum { kRemove, kSet, kAdd };
  constexpr std::string_view kKeys[] = {"remove", "set", "add"};
  Fields fields(reader, value, "header operations", kKeys);
  std::vector<HeaderOp> ops;
  if (const Value field = fields[kRemove]) {
    reader.for_each(field, [&](const Value& item) {
      if (const auto name = reader.word(item))
        add_header_op(reader, item, wire::HeaderOpKind::remove, *name, "", ops);
    });
  }
  if (const Value field = fields[kSet]) {
    reader.for_each_pair(field, [&](std::string_view name, const Value& item) {
      if (const auto text = reader.text(item))
        add_header_op(reader, item, wire::HeaderOpKind::set, name, *text, ops);
    });
  }
  if (const Value field = fields[kAdd]) {
    // One name may be added several times: {Link: [a, b]}.
    reader.for_each_pair(field, [&](std::string_view name, const Value& items) {
      reader.for_each(items, [&](const Value& item) {
        if (const auto text = reader.text(item))
          add_header_op(reader, item, wire::HeaderOpKind::add, name, *text, ops);
      });
    });
  }
  return ops;
}

void decode_rewrite(ValueReader& reader, const Value& value, RouteOptions& options) {
  enum { kStripPrefix, kReplacePath, kAddPrefix };
  constexpr std::string_view kKeys[] = {"strip_prefix", "replace_path", "add_prefix"};
  Fields fields(reader, value, "rewrite", kKeys);
  std::string* const targets[] = {&options.strip_prefix, &options.replace_path, &options.add_prefix};
  for (size_t key = kStripPrefix; key <= kAddPrefix; ++key) {
    if (!fields.has(key)) continue;
    const auto text = reader.word(fields[key]);
    if (text && check_path(reader, fields[key], *text)) *targets[key] = *text;
  }
  if (fields.has(kReplacePath) && (fields.has(kStripPrefix) || fields.has(kAddPrefix))) {
    reader.fail(fields[kReplacePath],
                "replace_path replaces the whole path, so that the other rewrites would have no effect",
                "remove it or them");
  }
}

std::optional<std::string> decode_request_host(ValueReader& reader, const Value& value) {
  const auto text = reader.word(value);
  if (!text) return std::nullopt;
  constexpr size_t kHostBytesMax = 255;
  if (text->size() <= kHostBytesMax && text->find_first_of(" /?#@,*\"<>\\") == std::string_view::npos) {
    return std::string(*text);
  }
  reader.fail(value, quoted(*text) + " is not a host", "write a name, with :PORT when the origin needs it");
  return std::nullopt;
}

}  // namespace sluice::admin
