// Fields: a mapping against the keys it may have, and the search for the key that was probably meant.
#include <algorithm>
#include <vector>

#include "admin/model/value.h"
#include "schemas/base/check.h"

namespace sluice::admin {
namespace {

// Levenshtein distance with a swap of neighbours as one step. Both words are short (keys).
size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<size_t> before(right.size() + 1);
  std::vector<size_t> previous(right.size() + 1);
  std::vector<size_t> current(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t change = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[right.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  constexpr size_t kWordBytesMax = 64;
  if (word.size() > kWordBytesMax) return {};
  std::string_view nearest;
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string join_words(std::span<const std::string_view> words) {
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += i + 1 == words.size() ? " or " : ", ";
    joined += words[i];
  }
  return joined;
}

Fields::Fields(ValueReader& reader, const Value& mapping, std::string_view what,
               std::span<const std::string_view> known, std::span<const std::string_view> unsupported)
    : reader_(reader), mapping_(mapping), what_(what), known_(known) {
  CHECK(known.size() <= kKeysMax);
  if (!reader.want_mapping(mapping)) return;
  for (const Node* key = mapping.node->first; key != nullptr; key = key->next->next) {
    take(*key, known, unsupported);
  }
}

void Fields::take(const Node& key, std::span<const std::string_view> known,
                  std::span<const std::string_view> unsupported) {
  const std::string_view text = key.text();
  if (key.kind == Node::Kind::plain || key.kind == Node::Kind::quoted) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] != text) continue;
      if (has(i)) {
        reader_.fail({&key, &mapping_, text, 0}, "the key " + quoted(text) + " is there twice",
                     "keep one; the other is at line " + std::to_string(values_[i].node->line));
      } else {
        values_[i] = {key.next, &mapping_, known[i], 0};
      }
      return;
    }
  }
  if (!key.is_scalar() || key.kind == Node::Kind::null) {
    const Value at{&key, &mapping_, "", 0};
    reader_.fail(at, "a key of " + std::string(what_) + " must be a word", "it has " + join_words(known));
    return;
  }
  if (!reader_.has_room()) return;
  const Value at{&key, &mapping_, text, 0};
  if (std::find(unsupported.begin(), unsupported.end(), text) != unsupported.end()) {
    reader_.fail(at, quoted(text) + " is not supported by this version", "remove it");
    return;
  }
  const std::string_view meant = nearest_word(text, known);
  reader_.fail(at, std::string(what_) + " has no key " + quoted(text),
               meant.empty() ? "it has " + join_words(known) : "did you mean `" + std::string(meant) + "`?");
}

Value Fields::require(size_t key) {
  if (!has(key) && mapping_.is_mapping()) {
    reader_.fail(mapping_, std::string(what_) + " needs `" + std::string(known_[key]) + "`", "add it");
  }
  return values_[key];
}

}  // namespace sluice::admin
