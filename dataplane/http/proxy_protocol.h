// The PROXY protocol, versions 1 and 2: a header in front of a connection's bytes that says for whom a proxy
// opened it. Bytes in, a header or a refusal out; and the same written. Strict: one spelling, every length
// checked, TLVs walked to their exact end, a checksum verified where there is one. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/head.h"
#include "schemas/ip_address.h"

namespace sluice::dataplane {

// Of either version; TLVs beyond it are refused. (The longest of version 1 is 107.)
inline constexpr uint32_t kProxyHeaderBytesMax = 4096;
inline constexpr uint32_t kProxyHeaderWrittenMax = 108;

struct ProxyHeader {
  // Unknown families: the proxy speaks for itself (LOCAL, UNKNOWN), or of a family we do not serve: the
  // connection keeps its own addresses.
  IpAddress source;
  IpAddress destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t bytes = 0;  // Of the header; what the client sent follows.
};

// rejected as soon as the bytes cannot begin one; need_more never past kProxyHeaderBytesMax.
ParseResult parse_proxy_header(std::string_view bytes, ProxyHeader& header);

// Writes at `out` (room for kProxyHeaderWrittenMax) and returns the length. When the families differ, the
// IPv4 one is written as IPv6 (::ffff:a.b.c.d); with an unknown one the header says UNKNOWN or UNSPEC.
uint32_t write_proxy_header(uint8_t version, const ProxyHeader& header, char* out);

// Castagnoli's CRC-32 of two pieces, the four bytes between them taken as zero.
uint32_t crc32c_around(std::string_view before, std::string_view behind);

}  // namespace sluice::dataplane
