#include "dataplane/http/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::dataplane {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string text_of(const IpAddress& address) {
  char text[kIpTextBytes];
  return {text, write_ip_address(address, text)};
}

// "source:port > destination:port +bytes", "own +bytes", "more" or "refused".
std::string read(std::string_view bytes) {
  ProxyHeader header;
  switch (parse_proxy_header(bytes, header)) {
    case ParseResult::need_more:
      return "more";
    case ParseResult::rejected:
      return "refused";
    case ParseResult::complete:
      break;
  }
  const std::string tail = " +" + std::to_string(header.bytes);
  if (!header.source.is_known()) return "own" + tail;
  return text_of(header.source) + ":" + std::to_string(header.source_port) + " > " +
         text_of(header.destination) + ":" + std::to_string(header.destination_port) + tail;
}

std::string version2(uint8_t command, uint8_t family, std::string_view rest) {
  std::string bytes = kSignature;
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size());
  return bytes + std::string(rest);
}

const std::string kFourAddresses("\xc0\x00\x02\x01\x0a\x00\x00\x02\x12\x67\x00\x50",
                                 12);  // 192.0.2.1:4711 > 10.0.0.2:80

std::string extension(uint8_t type, std::string_view value) {
  std::string bytes(1, static_cast<char>(type));
  bytes += static_cast<char>(value.size() >> 8);
  bytes += static_cast<char>(value.size());
  return bytes + std::string(value);
}

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// The header with a checksum TLV between the others; `wrong` is added to it.
std::string with_checksum(std::string_view before, std::string_view behind, uint32_t wrong = 0) {
  const std::string zeros(4, '\0');
  const std::string bytes =
      version2(0x21, 0x11, kFourAddresses + std::string(before) + extension(3, zeros) + std::string(behind));
  const size_t at = bytes.size() - behind.size() - 4;
  const uint32_t sum =
      crc32c_around(std::string_view(bytes).substr(0, at), std::string_view(bytes).substr(at + 4));
  std::string filled = bytes;
  filled.replace(at, 4, big_endian(sum + wrong));
  return filled;
}

TEST(ProxyHeaderVersion1, NamesBothEnds) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 10.0.0.2 4711 80\r\nGET /"), "192.0.2.1:4711 > 10.0.0.2:80 +39");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n"), "2001:db8::1:65535 > ::1:0 +36");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:10.0.0.2 1 2\r\n"), "192.0.2.1:1 > 10.0.0.2:2 +49");
}

TEST(ProxyHeaderVersion1, UnknownKeepsTheConnectionsOwn) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "own +15");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 whatever 1 2 3\r\nx"), "own +38");
}

TEST(ProxyHeaderVersion1, HasOneSpelling) {
  for (const std::string_view line : {"PROXY TCP4 192.0.2.1 10.0.0.2 4711 80\n",
                                      "PROXY  TCP4 192.0.2.1 10.0.0.2 4711 80\r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 4711 80 \r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 4711\r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 4711 80 1\r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 65536 80\r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 -1 80\r\n",
                                      "PROXY TCP4 192.0.2.1 10.0.0.2 04711 80\r\n",
                                      "PROXY TCP4 ::1 ::1 1 2\r\n",
                                      "PROXY TCP6 192.0.2.1 10.0.0.2 1 2\r\n",
                                      "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
                                      "PROXY TCP5 192.0.2.1 10.0.0.2 1 2\r\n",
                                      "PROXY tcp4 192.0.2.1 10.0.0.2 1 2\r\n",
                                      "PROXY \r\n",
                                      "PROXY\r\n",
                                      "proxy TCP4 192.0.2.1 10.0.0.2 1 2\r\n",
                                      "PROXY TCP4 192.0.2.1\t10.0.0.2 1 2\r\n",
                                      "PROXY TCP4 192.0.2.256 10.0.0.2 1 2\r\n",
                                      "PROXY UNKNOWN\r\r\n",
                                      "GET / HTTP/1.1\r\n",
                                      "\r\n\r\n\1"}) {
    EXPECT_EQ(read(line), "refused") << line;
  }
}

TEST(ProxyHeaderVersion1, IsAtMost107BytesLong) {
  const std::string line = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";
  ASSERT_EQ(line.size(), 107U);
  EXPECT_EQ(read(line), "own +107");
  EXPECT_EQ(read(line.substr(0, 106)), "more");
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "refused");
}

TEST(ProxyHeaderVersion2, NamesBothEnds) {
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses) + "GET /"), "192.0.2.1:4711 > 10.0.0.2:80 +28");
  std::string six(36, '\0');
  six[0] = 0x20;
  six[1] = 0x01;
  six[31] = 1;
  six[33] = 7;
  six[35] = 8;
  EXPECT_EQ(read(version2(0x21, 0x21, six)), "2001:::7 > ::1:8 +52");
}

TEST(ProxyHeaderVersion2, LocalAndForeignFamiliesKeepTheConnectionsOwn) {
  EXPECT_EQ(read(version2(0x20, 0x11, kFourAddresses)), "own +28");
  EXPECT_EQ(read(version2(0x20, 0x00, "")), "own +16");
  EXPECT_EQ(read(version2(0x20, 0xff, "anything")), "own +24");
  EXPECT_EQ(read(version2(0x21, 0x00, "ignored")), "own +23");
  EXPECT_EQ(read(version2(0x21, 0x12, kFourAddresses)), "own +28");
  EXPECT_EQ(read(version2(0x21, 0x31, std::string(216, 'u'))), "own +232");
}

TEST(ProxyHeaderVersion2, IsRefusedWhenAnythingDoesNotFit) {
  EXPECT_EQ(read(version2(0x11, 0x11, kFourAddresses)), "refused");  // Version 1 in a version 2 header.
  EXPECT_EQ(read(version2(0x22, 0x11, kFourAddresses)), "refused");
  EXPECT_EQ(read(version2(0x21, 0x41, kFourAddresses)), "refused");
  EXPECT_EQ(read(version2(0x21, 0x13, kFourAddresses)), "refused");
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses.substr(0, 11))), "refused");
  EXPECT_EQ(read(version2(0x21, 0x21, std::string(35, '\0'))), "refused");
  EXPECT_EQ(read(version2(0x20, 0x00, std::string(kProxyHeaderBytesMax - 15, 'x')).substr(0, 16)), "refused");
}

TEST(ProxyHeaderVersion2, ExtensionsAreWalkedToTheirExactEnd) {
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses + extension(4, "noop") + extension(0xea, ""))),
            "192.0.2.1:4711 > 10.0.0.2:80 +38");
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses + "\x04")), "refused");
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses + std::string("\x04\x00", 2))), "refused");
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses + std::string("\x04\x00\x02x", 4))), "refused");
}

TEST(ProxyHeaderVersion2, AChecksumIsVerified) {
  EXPECT_EQ(read(with_checksum("", "")), "192.0.2.1:4711 > 10.0.0.2:80 +35");
  EXPECT_EQ(read(with_checksum(extension(4, "x"), extension(5, "unique"))),
            "192.0.2.1:4711 > 10.0.0.2:80 +48");
  EXPECT_EQ(read(with_checksum("", "", 1)), "refused");
  std::string touched = with_checksum(extension(4, "x"), "");
  touched[16] = '\xc1';
  EXPECT_EQ(read(touched), "refused");
  EXPECT_EQ(read(with_checksum(extension(3, "abcd"), "")), "refused");
  EXPECT_EQ(read(version2(0x21, 0x11, kFourAddresses + extension(3, "abc"))), "refused");
  // RFC 3720 B.4: 32 bytes of zeros, here 28 and the four that count as zero.
  EXPECT_EQ(crc32c_around(std::string(28, '\0'), ""), 0x8a9136aaU);
}

TEST(ProxyHeader, ArrivesInAnyPieces) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.1 10.0.0.2 4711 80\r\n"), version2(0x21, 0x11, kFourAddresses),
        with_checksum(extension(4, "x"), "")}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      EXPECT_EQ(read(std::string_view(whole).substr(0, length)), "more") << length;
    }
    EXPECT_NE(read(whole), "more");
  }
}

TEST(ProxyHeader, ForeignBytesAreRefusedAtOnce) {
  EXPECT_EQ(read("G"), "refused");
  EXPECT_EQ(read("PROXZ"), "refused");
  EXPECT_EQ(read("\r\n\r\nX"), "refused");
  EXPECT_EQ(read("\x16\x03\x01"), "refused");
}

TEST(ProxyHeader, WhatIsWrittenIsRead) {
  const auto address = [](std::string_view text) { return parse_ip_address(text).value(); };
  struct Case {
    ProxyHeader header;
    std::string version1, version2;
  };
  const Case cases[] = {
      {{address("192.0.2.1"), address("10.0.0.2"), 4711, 80, 0},
       "192.0.2.1:4711 > 10.0.0.2:80 +39",
       "192.0.2.1:4711 > 10.0.0.2:80 +28"},
      {{address("2001:db8::1"), address("::1"), 1, 65535, 0},
       "2001:db8::1:1 > ::1:65535 +36",
       "2001:db8::1:1 > ::1:65535 +52"},
      {{address("192.0.2.1"), address("::1"), 1, 2, 0}, "192.0.2.1:1 > ::1:2 +37", "192.0.2.1:1 > ::1:2 +52"},
      {{}, "own +15", "own +16"},
  };
  for (const Case& test : cases) {
    char out[kProxyHeaderWrittenMax];
    EXPECT_EQ(read({out, write_proxy_header(1, test.header, out)}), test.version1);
    EXPECT_EQ(read({out, write_proxy_header(2, test.header, out)}), test.version2);
  }
  char out[kProxyHeaderWrittenMax];
  const IpAddress longest = address("1111:2222:3333:4444:5555:6666:7777:8888");
  EXPECT_LE(write_proxy_header(1, {longest, longest, 65535, 65535, 0}, out), kProxyHeaderWrittenMax);
}

}  // namespace
}  // namespace sluice::dataplane
