#include "dataplane/keeper/last_good.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "schemas/base/check.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

constexpr uint64_t kPointerMagic = 0x3150474c43494c53ULL;  // "SLICLGP1"

// What lies in a pointer file. Little-endian, as everything that runs this; fixed size, no padding.
struct PointerFile {
  uint64_t magic;
  uint64_t counter;
  struct Entry {
    uint64_t incarnation, number, hash_low, hash_high, bytes, revision;
  } applied, stable;
  uint64_t checksum;  // Of everything before it.
};
static_assert(sizeof(PointerFile) == 15 * sizeof(uint64_t));

uint64_t checksum_of(const PointerFile& file) {
  return content_hash(std::as_bytes(std::span(&file, 1)).first(offsetof(PointerFile, checksum))).low;
}

PointerFile::Entry to_entry(const StoredGeneration& stored) {
  return {stored.generation.incarnation,
          stored.generation.number,
          stored.hash.low,
          stored.hash.high,
          stored.bytes,
          stored.revision};
}
StoredGeneration from_entry(const PointerFile::Entry& entry) {
  return {.generation = {entry.incarnation, entry.number},
          .hash = {entry.hash_low, entry.hash_high},
          .bytes = entry.bytes,
          .revision = entry.revision};
}

std::optional<LastGoodPointer> parse_pointer(std::span<const std::byte> bytes) {
  PointerFile file;
  if (bytes.size() != sizeof(file)) return std::nullopt;
  std::memcpy(&file, bytes.data(), sizeof(file));
  if (file.magic != kPointerMagic || file.checksum != checksum_of(file)) return std::nullopt;
  return LastGoodPointer{file.counter, from_entry(file.applied), from_entry(file.stable)};
}

std::string file_name(const Generation& generation) {
  return "gen-" + std::to_string(generation.incarnation) + "-" + std::to_string(generation.number) + ".fb";
}

std::optional<Generation> parse_file_name(std::string_view name) {
  Generation generation;
  if (!name.starts_with("gen-") || !name.ends_with(".fb")) return std::nullopt;
  const char* const end = name.data() + name.size() - 3;
  const auto first = std::from_chars(name.data() + 4, end, generation.incarnation);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, generation.number);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return generation;
}

}  // namespace

std::expected<LastGood, std::string> LastGood::open(const std::string& path, StepWatcher watcher) {
  std::expected<DurableFolder, std::string> folder = DurableFolder::open(path, watcher);
  if (!folder) return std::unexpected(folder.error());
  LastGood last_good(std::move(*folder));
  last_good.read_pointers();
  return last_good;
}

void LastGood::read_pointers() {
  const std::optional<LastGoodPointer> a = parse_pointer(folder_.read("pointer-a", 4096));
  const std::optional<LastGoodPointer> b = parse_pointer(folder_.read("pointer-b", 4096));
  newest_is_a_ = a && (!b || a->counter > b->counter);
  const std::optional<LastGoodPointer>& newest = newest_is_a_ ? a : b;
  const std::optional<LastGoodPointer>& other = newest_is_a_ ? b : a;
  if (newest) pointer_ = *newest;
  if (other) other_copy_ = *other;
}

std::expected<void, std::string> LastGood::write_pointer(LastGoodPointer next) {
  next.counter = pointer_.counter + 1;
  PointerFile file{kPointerMagic, next.counter, to_entry(next.applied), to_entry(next.stable), 0};
  file.checksum = checksum_of(file);
  const char* const name = newest_is_a_ ? "pointer-b" : "pointer-a";
  if (auto written = folder_.overwrite(name, std::as_bytes(std::span(&file, 1))); !written) return written;
  newest_is_a_ = !newest_is_a_;
  other_copy_ = pointer_;
  pointer_ = next;
  return {};
}

std::expected<MappedBytes, std::string> LastGood::map(const StoredGeneration& stored) const {
  const std::string name = file_name(stored.generation);
  std::expected<MappedBytes, std::string> mapped = folder_.map(name);
  if (!mapped) return mapped;
  if (mapped->bytes().size() != stored.bytes || content_hash(mapped->bytes()) != stored.hash) {
    return std::unexpected(folder_.path() + "/" + name +
                           " is damaged: its size or hash is not what was written");
  }
  return mapped;
}

std::expected<void, std::string> LastGood::store_applied(const StoredGeneration& stored,
                                                         std::span<const std::byte> bytes) {
  if (auto written = folder_.replace(file_name(stored.generation), bytes); !written) return written;
  if (auto pointed = point_applied_at(stored); !pointed) return pointed;
  clean_up();
  return {};
}

std::expected<void, std::string> LastGood::point_applied_at(const StoredGeneration& stored) {
  LastGoodPointer next = pointer_;
  next.applied = stored;
  return write_pointer(next);
}

std::expected<void, std::string> LastGood::mark_stable(const Generation& generation) {
  CHECK(pointer_.applied.generation == generation);
  LastGoodPointer next = pointer_;
  next.stable = pointer_.applied;
  return write_pointer(next);
}

// A file too many costs disk; one too few costs the boot. So this only removes what nothing names.
void LastGood::clean_up() {
  std::vector<Generation> found;
  for (const std::string& name : folder_.names()) {
    if (const std::optional<Generation> generation = parse_file_name(name)) found.push_back(*generation);
  }
  std::ranges::sort(found, std::greater());
  const Generation named[] = {pointer_.applied.generation, pointer_.stable.generation,
                              other_copy_.applied.generation, other_copy_.stable.generation};
  for (std::size_t i = kFilesKept; i < found.size(); ++i) {
    if (std::ranges::find(named, found[i]) != std::end(named)) continue;
    if (auto removed = folder_.remove(file_name(found[i])); !removed) {
      log_line(LogLevel::warning, "%s", removed.error().c_str());
    }
  }
}

}  // namespace sluice::dataplane
