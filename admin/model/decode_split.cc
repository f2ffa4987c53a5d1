// A route's weighted split between pools.
#include "admin/model/decode.h"

namespace sluice::admin {
namespace {

constexpr size_t kPartsMax = 64;
constexpr uint64_t kWeightMax = 1'000'000;

std::optional<SplitPart> decode_part(ValueReader& reader, const Value& value) {
  enum { kPool, kWeight };
  constexpr std::string_view kKeys[] = {"pool", "weight"};
  Fields fields(reader, value, "a part of a split", kKeys);
  SplitPart part;
  part.place = reader.place(value);
  if (const Value field = fields.require(kWeight)) {
    if (const auto weight = reader.integer(field, 0, kWeightMax))
      part.weight = static_cast<uint32_t>(*weight);
  }
  const Value field = fields.require(kPool);
  if (!field) return std::nullopt;
  const auto name = reader.name(field);
  if (!name) return std::nullopt;
  part.pool = *name;
  return part;
}

}  // namespace

ToSplit decode_split(ValueReader& reader, const Value& value, const Value& by) {
  ToSplit split;
  if (by) {
    constexpr std::string_view kBy[] = {"request", "client"};
    if (const auto choice = reader.choice(by, kBy)) split.by_client = *choice == 1;
  }
  if (!reader.want_sequence(value)) return split;
  if (value.node->size == 0 || value.node->size > kPartsMax) {
    reader.fail(value, "a split has 1 to 64 parts, this one " + std::to_string(value.node->size),
                "write [{pool: stable, weight: 90}, {pool: canary, weight: 10}]");
    return split;
  }
  uint64_t sum = 0;
  bool complete = true;
  reader.for_each(value, [&](const Value& item) {
    auto part = decode_part(reader, item);
    complete &= part.has_value();
    if (!part) return;
    for (const SplitPart& other : split.parts) {
      if (other.pool != part->pool) continue;
      reader.fail(item, "the pool " + quoted(part->pool) + " is there twice", "keep one, with both weights");
      return;
    }
    sum += part->weight;
    split.parts.push_back(*std::move(part));
  });
  if (complete && sum == 0) {
    reader.fail(value, "every part of the split has weight 0, so that nobody would take a request",
                "give at least one a weight above 0");
  }
  return split;
}

}  // namespace sluice::admin
