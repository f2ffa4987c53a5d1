// A request and an answer of the admin API, free of the HTTP library, so that handlers are plain functions.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::admin {

struct ApiRequest {
  std::string method;
  std::string path;  // Decoded, without the query.
  std::map<std::string, std::string> query;
  std::string host;        // As sent; checked before a handler sees the request.
  std::string origin;      // Empty: none.
  std::string fetch_site;  // Sec-Fetch-Site; empty: none.
  std::string content_type;
  std::string accept;
  std::string if_match;
  std::string body;
};

struct ApiResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace sluice::admin
