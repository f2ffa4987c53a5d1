#include "dataplane/keeper/offer_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace sluice::dataplane {
namespace {

constexpr int kSealsNeeded = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr uint64_t kPlacementBytesMax = 64ULL << 20;  // 2.6 million peers.
// Sharply shrunk: fewer than one route in ten is left of a hundred or more.
constexpr std::size_t kRoutesWorthGuarding = 100;
constexpr std::size_t kRoutesLeftDivisor = 10;

}  // namespace

RejectedMessage reject(const OfferMessage& offer, std::string code, std::string path, std::string message) {
  return {.kind = offer.kind,
          .generation = offer.generation,
          .code = std::move(code),
          .path = std::move(path),
          .message = std::move(message)};
}

std::expected<MappedBytes, RejectedMessage> map_offer(const OfferMessage& offer, int descriptor,
                                                      uint64_t bytes_max) {
  const auto refuse = [&](const char* code, std::string message) {
    return std::unexpected(reject(offer, code, "", std::move(message)));
  };
  if (descriptor < 0) return refuse("BAD_SEALS", "no memfd came with the offer");
  const int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) return refuse("BAD_SEALS", "the descriptor is not a memfd");
  if ((seals & kSealsNeeded) != kSealsNeeded) {
    return refuse("BAD_SEALS", "the memfd is not sealed against writing, growing, shrinking and more seals");
  }
  struct stat status{};
  if (fstat(descriptor, &status) != 0) return refuse("BAD_SEALS", std::strerror(errno));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size == 0) return refuse("SIZE", "the memfd is empty");
  if (size != offer.bytes) {
    return refuse("SIZE", "the memfd has " + std::to_string(size) + " bytes, the offer says " +
                              std::to_string(offer.bytes));
  }
  if (size > bytes_max) {
    return refuse("SIZE",
                  std::to_string(size) + " bytes; at most " + std::to_string(bytes_max) + " are taken");
  }
  std::expected<MappedBytes, int> mapped = MappedBytes::map(descriptor, size);
  if (!mapped) return refuse("SIZE", std::string("cannot map the memfd: ") + std::strerror(mapped.error()));
  if (content_hash(mapped->bytes()) != offer.hash) {
    return refuse("HASH", "the content does not have the hash that the offer names");
  }
  return std::move(*mapped);
}

std::expected<CheckedSnapshot, RejectedMessage> check_snapshot_offer(const OfferMessage& offer,
                                                                     int descriptor,
                                                                     const decide::SnapshotLimits& limits) {
  std::expected<MappedBytes, RejectedMessage> mapped = map_offer(offer, descriptor, limits.bytes_max);
  if (!mapped) return std::unexpected(std::move(mapped.error()));
  auto snapshot = decide::Snapshot::load(mapped->bytes(), limits);
  if (!snapshot) {
    decide::SnapshotError& error = snapshot.error();
    return std::unexpected(
        reject(offer, std::move(error.code), std::move(error.path), std::move(error.message)));
  }
  return CheckedSnapshot{std::move(*mapped), std::move(*snapshot)};
}

std::expected<std::unique_ptr<decide::Placement>, RejectedMessage> check_placement_offer(
    const OfferMessage& offer, int descriptor) {
  std::expected<MappedBytes, RejectedMessage> mapped = map_offer(offer, descriptor, kPlacementBytesMax);
  if (!mapped) return std::unexpected(std::move(mapped.error()));
  auto placement = decide::Placement::load(mapped->bytes());
  if (!placement) {
    decide::SnapshotError& error = placement.error();
    return std::unexpected(
        reject(offer, std::move(error.code), std::move(error.path), std::move(error.message)));
  }
  return std::move(*placement);
}

std::expected<void, RejectedMessage> check_not_shrunk(const OfferMessage& offer,
                                                      const decide::Snapshot& offered,
                                                      const decide::Snapshot* served) {
  if (offer.allow_empty) return {};
  if (offered.listeners().empty()) {
    return std::unexpected(reject(offer, "EMPTY", "listeners",
                                  "the snapshot has no listener; allow_empty says that this is meant"));
  }
  if (served == nullptr) return {};
  const std::size_t before = served->routes().size();
  const std::size_t after = offered.routes().size();
  if (before >= kRoutesWorthGuarding && after < before / kRoutesLeftDivisor) {
    return std::unexpected(reject(offer, "EMPTY", "routes",
                                  "only " + std::to_string(after) + " of " + std::to_string(before) +
                                      " routes are left; allow_empty says that this is meant"));
  }
  return {};
}

}  // namespace sluice::dataplane
