#include "dataplane/http/header_id.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::dataplane {
namespace {

TEST(HeaderId, NamesAreFoundInAnyCase) {
  EXPECT_EQ(identify_header("content-length"), HeaderId::content_length);
  EXPECT_EQ(identify_header("Content-Length"), HeaderId::content_length);
  EXPECT_EQ(identify_header("TRANSFER-ENCODING"), HeaderId::transfer_encoding);
  EXPECT_EQ(identify_header("te"), HeaderId::te);
  EXPECT_EQ(identify_header("X-Forwarded-Host"), HeaderId::x_forwarded_host);
  EXPECT_EQ(identify_header("x-forwarded-port"), HeaderId::x_forwarded_port);
  EXPECT_EQ(identify_header("Via"), HeaderId::via);
}

TEST(HeaderId, AnyOneByteOffIsAnotherField) {
  for (const std::string name :
       {"connection", "content-length", "transfer-encoding", "host", "upgrade", "te"}) {
    const HeaderId id = identify_header(name);
    ASSERT_NE(id, HeaderId::other);
    for (size_t at = 0; at < name.size(); ++at) {
      for (const char byte : {'_', '!', '~', 'z', '0', '.', '|'}) {
        std::string other = name;
        if (other[at] == byte) continue;
        other[at] = byte;
        EXPECT_EQ(identify_header(other), HeaderId::other) << other;
      }
    }
    EXPECT_NE(identify_header(name + "x"), id);
    EXPECT_NE(identify_header(name.substr(1)), id);
  }
}

// CGI-like origins read X_Forwarded_For and X-Forwarded-For as one variable: a client could set it past us.
TEST(HeaderId, UnderscoreTwinsOfIdentityFieldsAreIdentityFields) {
  for (const std::string name :
       {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP"}) {
    for (size_t at = 0; at < name.size(); ++at) {
      if (name[at] != '-') continue;
      std::string twin = name;
      twin[at] = '_';
      EXPECT_EQ(identify_header(twin), identify_header(name)) << twin;
    }
  }
  EXPECT_EQ(identify_header("Content_Length"), HeaderId::other);
  EXPECT_EQ(identify_header("X_Request_ID"), HeaderId::other);
}

TEST(HeaderId, TrailersMayNotCarryFramingRoutingOrAuthFields) {
  const auto is_forbidden = [](std::string_view name) {
    return is_forbidden_in_trailers(name, identify_header(name));
  };
  for (const std::string_view name :
       {"Content-Length", "transfer-encoding", "Host", "Trailer", "Authorization", "Cookie", "Set-Cookie",
        "Cache-Control", "Content-Encoding", "Range", "X-Forwarded-For", "Connection", "Expires",
        "If-Match"}) {
    EXPECT_TRUE(is_forbidden(name)) << name;
  }
  for (const std::string_view name : {"X-Checksum", "grpc-status", "Server-Timing", "Digest", "ETag"}) {
    EXPECT_FALSE(is_forbidden(name)) << name;
  }
}

}  // namespace
}  // namespace sluice::dataplane
