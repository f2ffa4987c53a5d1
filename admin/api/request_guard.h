// Who may talk to the admin API. It listens on loopback only, which is no boundary by itself: a web page
// can reach it through the browser of somebody on this machine. Two checks stop that, both pure: the Host
// must be one of ours (against DNS rebinding), and a browser's request must come from our own origin
// (against cross-site requests). Nothing here trusts a forwarded address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/api/http_types.h"
#include "admin/model/address.h"

namespace sluice::admin {

inline constexpr uint64_t kConfigBytesMax = 64ULL << 20;
inline constexpr uint64_t kOtherBytesMax = 1ULL << 20;
inline constexpr size_t kPathBytesMax = 1024;

// Only loopback is served in this version: anything else needs TLS and tokens.
std::optional<std::string> refuse_listen_address(const Endpoint& listen);

class RequestGuard {
 public:
  // Where the server listens: what a Host may say. The address counts beside the usual loopback names
  // (somebody may listen on 127.8.8.8).
  explicit RequestGuard(const Endpoint& listen);
  // The answer that refuses the request, or nothing.
  std::optional<ApiResponse> refuse(const ApiRequest& request) const;

 private:
  bool is_ours(std::string_view authority) const;
  std::string port_;     // ":9180"
  std::string address_;  // Of `listen`, with brackets for IPv6.
};

// The largest body accepted for this request.
uint64_t body_bytes_max(std::string_view method, std::string_view path);

}  // namespace sluice::admin
