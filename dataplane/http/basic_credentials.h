// The credentials of HTTP Basic authentication (RFC 7617): base64 of "user:password". Strict: one form, no
// white space inside, padding where it belongs; anything else is no credentials. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::dataplane {

class BasicCredentials {
 public:
  static constexpr uint32_t kBytesMax = 512;  // Decoded.

  // `value` is Authorization's. False: not Basic, malformed, too long, or with a control character.
  bool parse(std::string_view value);

  std::string_view user() const { return {text_, user_length_}; }
  std::string_view password() const { return {text_ + user_length_ + 1, length_ - user_length_ - 1}; }

 private:
  char text_[kBytesMax];
  uint32_t length_ = 0;
  uint32_t user_length_ = 0;
};

}  // namespace sluice::dataplane
