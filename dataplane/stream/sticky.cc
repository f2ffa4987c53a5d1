#include "dataplane/stream/sticky.h"

#include <algorithm>

namespace sluice::dataplane {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

uint64_t now_seconds(const StreamContext& context) {
  return static_cast<uint64_t>(context.ring.wall_clock_nanoseconds()) / kNanosecondsPerSecond;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next "name=value" off a Cookie field (RFC 6265 4.2.1); neighbours are parted by ';'.
std::string_view next_pair(std::string_view& rest) {
  const std::size_t end = rest.find(';');
  const std::string_view pair = trimmed(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return pair;
}

bool is_named(std::string_view pair, std::string_view name) {
  return pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name);
}

bool has_pair(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    if (is_named(next_pair(field), name)) return true;
  }
  return false;
}

}  // namespace

decide::Sticky::Found read_sticky(const StreamContext& context, const decide::Snapshot& snapshot,
                                  uint32_t pool, const RequestHead& head) {
  const decide::Sticky* sticky = snapshot.sticky(pool);
  if (sticky == nullptr) return {};
  const std::string_view name = sticky->cookie();
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (head.fields[i].id != HeaderId::cookie) continue;
    std::string_view rest = head.fields[i].value;
    while (!rest.empty()) {
      const std::string_view pair = next_pair(rest);
      if (!is_named(pair, name)) continue;
      const auto found = sticky->read(pair.substr(name.size() + 1), now_seconds(context));
      if (found.member != decide::kNone) return found;
    }
  }
  return {};
}

void hide_sticky(const Stream& stream, const RequestHead& head, std::span<char> scratch, HeaderEdits& edits) {
  const decide::Sticky* sticky = stream.published->snapshot->sticky(stream.pool);
  if (sticky == nullptr) return;
  bool is_there = false;
  std::size_t bytes = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (head.fields[i].id != HeaderId::cookie) continue;
    is_there |= has_pair(head.fields[i].value, sticky->cookie());
    bytes += head.fields[i].value.size() * 3 / 2 + 2;  // "a;b" becomes "a; b".
  }
  if (!is_there) return;
  // The end of the scratch memory: its lower half has the path as admitted and the client's identity, and a
  // rewritten path grows from the middle. All of them are parts of one head of at most 60 KiB.
  const std::span<char> room = scratch.last(std::min(bytes, scratch.size() / 4));
  // One field with what is left of all of them (RFC 9113 8.2.3 joins them alike).
  std::size_t length = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (head.fields[i].id != HeaderId::cookie) continue;
    std::string_view rest = head.fields[i].value;
    while (!rest.empty()) {
      const std::string_view pair = next_pair(rest);
      if (pair.empty() || is_named(pair, sticky->cookie())) continue;
      if (length + pair.size() + 2 > room.size()) return;
      if (length > 0) length += std::string_view("; ").copy(room.data() + length, 2);
      length += pair.copy(room.data() + length, pair.size());
    }
  }
  edits.append(HeaderEditKind::remove, "Cookie", {});
  if (length > 0) edits.append(HeaderEditKind::add, "Cookie", {room.data(), length});
}

void StickyAnswer::add(const StreamContext& context, const Stream& stream, HeaderEdits& edits) {
  const decide::Sticky* sticky = stream.published->snapshot->sticky(stream.pool);
  if (sticky == nullptr || (stream.member == stream.sticky.member && !stream.sticky.wants_refresh)) return;
  decide::Sticky::Value value;
  sticky->write(stream.member, now_seconds(context), value);
  std::size_t length = 0;
  const auto append = [&](std::string_view text) { length += text.copy(text_ + length, text.size()); };
  append(sticky->cookie());
  append("=");
  append({value, sizeof(value)});
  append(sticky->attributes());
  edits.append(HeaderEditKind::add, "Set-Cookie", {text_, length});
  // A shared cache must not hand one client's cookie to others.
  edits.append(HeaderEditKind::add, "Cache-Control", "private");
}

}  // namespace sluice::dataplane
