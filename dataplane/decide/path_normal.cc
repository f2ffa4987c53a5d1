#include "dataplane/decide/path_normal.h"

#include <cstdint>
#include <cstring>

namespace sluice::decide {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101ULL;
constexpr uint64_t kLows = kOnes * 0x7f;

// 0x80 in exactly the bytes that are `byte`: exact in every byte, since neighbours are combined below.
constexpr uint64_t bytes_equal(uint64_t word, char byte) {
  const uint64_t difference = word ^ (kOnes * static_cast<uint8_t>(byte));
  return ~(((difference & kLows) + kLows) | difference | kLows);
}

uint64_t load_word(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

bool is_suspicious(char byte, char next) {
  return byte == '%' || byte == '\\' || (byte == '/' && (next == '/' || next == '.'));
}

// Nine bytes: each of eight, and what stands behind it.
constexpr size_t kLookBytes = 9;
bool has_suspicious(const char* bytes) {
  const uint64_t word = load_word(bytes);
  const uint64_t next = load_word(bytes + 1);
  const uint64_t pairs = bytes_equal(word, '/') & (bytes_equal(next, '/') | bytes_equal(next, '.'));
  return (bytes_equal(word, '%') | bytes_equal(word, '\\') | pairs) != 0;
}

constexpr int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const char lower = static_cast<char>(byte | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// RFC 3986 2.3.
constexpr bool is_unreserved(char byte) {
  const char lower = static_cast<char>(byte | 0x20);
  return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
         byte == '_' || byte == '~';
}

// Writes what is final and takes back what ".." undoes. Invariant: out_[0, segment_) ends with '/', and what
// lies behind it is the segment being written.
class Normaliser {
 public:
  Normaliser(std::string_view path, const PathPolicy& policy, char* out)
      : path_(path), policy_(policy), out_(out) {}

  Reason run() {
    out_[0] = '/';
    length_ = segment_ = 1;
    for (at_ = 1; at_ < path_.size();) {
      const char byte = path_[at_];
      Reason reason = Reason::none;
      if (byte == '%') {
        reason = take_escape();
      } else if (byte == '/') {
        ++at_;
        reason = end_segment(true);
      } else if (byte == '\\') {
        reason = Reason::path_backslash;
      } else {
        out_[length_++] = byte;
        ++at_;
      }
      if (reason != Reason::none) return reason;
    }
    return end_segment(false);
  }

  std::string_view result() const { return {out_, length_}; }

 private:
  Reason take_escape() {
    const int high = path_.size() - at_ > 2 ? hex_value(path_[at_ + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(path_[at_ + 2]);
    if (low < 0) return Reason::path_bad_escape;
    const char byte = static_cast<char>(high * 16 + low);
    at_ += 3;
    if (byte == '\0') return Reason::path_encoded_nul;
    if (is_unreserved(byte)) {
      out_[length_++] = byte;
      return Reason::none;
    }
    if (byte == '/' || byte == '\\') {
      if (policy_.encoded_slash == wire::EncodedSlash::reject) return Reason::path_encoded_slash;
      if (policy_.encoded_slash == wire::EncodedSlash::decode) return end_segment(true);
    }
    constexpr char kDigits[] = "0123456789ABCDEF";
    out_[length_++] = '%';
    out_[length_++] = kDigits[high];
    out_[length_++] = kDigits[low];
    return Reason::none;
  }

  Reason end_segment(bool separator_follows) {
    const std::string_view segment(out_ + segment_, length_ - segment_);
    const bool changes_nothing = policy_.mode == wire::PathMode::reject;
    if (segment.empty()) {
      if (!separator_follows) return Reason::none;
      if (policy_.merge_slashes) return changes_nothing ? Reason::path_not_normal : Reason::none;
    } else if (segment == "." || segment == "..") {
      if (changes_nothing) return Reason::path_not_normal;
      return segment.size() == 1 ? drop_segment() : drop_two_segments();
    } else if (is_dot_with_parameters(segment)) {
      return Reason::path_dot_parameters;
    }
    if (separator_follows) out_[length_++] = '/';
    segment_ = length_;
    return Reason::none;
  }

  Reason drop_segment() {
    length_ = segment_;
    return Reason::none;
  }

  Reason drop_two_segments() {
    if (segment_ == 1) return Reason::path_above_root;
    length_ = segment_ - 1;  // The '/' in front of the "..".
    while (out_[length_ - 1] != '/') --length_;
    segment_ = length_;
    return Reason::none;
  }

  // "..;x": origins that cut parameters off before they resolve segments see "..".
  static bool is_dot_with_parameters(std::string_view segment) {
    if (segment.front() != '.') return false;
    segment.remove_prefix(segment.starts_with("..") ? 2 : 1);
    return segment.starts_with(';') || segment.starts_with("%3B");
  }

  std::string_view path_;
  const PathPolicy& policy_;
  char* out_;
  size_t at_ = 0;
  size_t length_ = 0;
  size_t segment_ = 0;
};

}  // namespace

bool may_need_normalising(std::string_view path) {
  if (path.size() < kLookBytes) {
    for (size_t at = 0; at < path.size(); ++at) {
      if (is_suspicious(path[at], at + 1 < path.size() ? path[at + 1] : ' ')) return true;
    }
    return false;
  }
  const size_t last = path.size() - kLookBytes;
  for (size_t at = 0; at < last; at += 8) {
    if (has_suspicious(path.data() + at)) return true;
  }
  // The rest with bytes that were looked at before, then the last byte, behind which nothing stands.
  return has_suspicious(path.data() + last) || is_suspicious(path.back(), ' ');
}

std::expected<std::string_view, Reason> normal_path(std::string_view path, const PathPolicy& policy,
                                                    char* out) {
  if (policy.mode == wire::PathMode::as_is || path == "*" || !may_need_normalising(path)) return path;
  Normaliser normaliser(path, policy, out);
  const Reason reason = normaliser.run();
  if (reason != Reason::none) return std::unexpected(reason);
  return normaliser.result();
}

}  // namespace sluice::decide
