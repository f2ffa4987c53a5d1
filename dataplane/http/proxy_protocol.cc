#include "dataplane/http/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

constexpr std::string_view kVersion1("PROXY ", 6);
constexpr std::string_view kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kVersion1BytesMax = 107;  // With its CRLF.
constexpr size_t kFixedBytes = 16;         // Signature, version and command, family and protocol, length.
constexpr uint8_t kTypeCrc32c = 0x03;

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

uint32_t crc32c(uint32_t crc, std::string_view bytes) {
  for (const char byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return crc;
}

uint16_t load_u16(const char* at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(at[0]) << 8 | static_cast<uint8_t>(at[1]));
}

uint32_t load_u32(const char* at) {
  return static_cast<uint32_t>(load_u16(at)) << 16 | load_u16(at + 2);
}

// The word in front of the next SP, taken off with it.
std::string_view take_word(std::string_view& rest) {
  const size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return word;
}

bool read_port(std::string_view text, uint16_t& port) {
  uint64_t value = 0;
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (text.size() > 5 || has_leading_zero || !parse_decimal(text, 65535, value)) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

bool read_address(std::string_view text, bool is_v6, IpAddress& address) {
  if ((text.find(':') != std::string_view::npos) != is_v6) return false;
  const std::optional<IpAddress> parsed = parse_ip_address(text);
  if (parsed) address = *parsed;
  return parsed.has_value();
}

// `line` is what stands between "PROXY " and the CRLF.
bool read_version1(std::string_view line, ProxyHeader& header) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return true;  // The rest of the line is to be ignored.
  if (family != "TCP4" && family != "TCP6") return false;
  const bool is_v6 = family == "TCP6";
  const std::string_view source = take_word(line);
  const std::string_view destination = take_word(line);
  const std::string_view source_port = take_word(line);
  return read_address(source, is_v6, header.source) && read_address(destination, is_v6, header.destination) &&
         read_port(source_port, header.source_port) && read_port(line, header.destination_port);
}

ParseResult parse_version1(std::string_view bytes, ProxyHeader& header) {
  const std::string_view seen = bytes.substr(0, kVersion1BytesMax);
  const size_t line_feed = seen.find('\n');
  if (line_feed == std::string_view::npos) {
    return bytes.size() < kVersion1BytesMax ? ParseResult::need_more : ParseResult::rejected;
  }
  if (seen[line_feed - 1] != '\r') return ParseResult::rejected;
  header.bytes = static_cast<uint32_t>(line_feed + 1);
  const std::string_view line = seen.substr(kVersion1.size(), line_feed - 1 - kVersion1.size());
  if (line.find('\r') != std::string_view::npos) return ParseResult::rejected;
  return read_version1(line, header) ? ParseResult::complete : ParseResult::rejected;
}

// The TLVs fill [at, bytes.size()) exactly, and a checksum among them is right.
bool check_extensions(std::string_view bytes, size_t at) {
  bool has_checksum = false;
  while (at < bytes.size()) {
    if (bytes.size() - at < 3) return false;
    const auto type = static_cast<uint8_t>(bytes[at]);
    const size_t length = load_u16(bytes.data() + at + 1);
    at += 3;
    if (length > bytes.size() - at) return false;
    if (type == kTypeCrc32c) {
      if (has_checksum || length != 4) return false;
      has_checksum = true;
      if (crc32c_around(bytes.substr(0, at), bytes.substr(at + 4)) != load_u32(bytes.data() + at))
        return false;
    }
    at += length;
  }
  return true;
}

// `bytes` is the whole header.
bool read_version2(std::string_view bytes, ProxyHeader& header) {
  constexpr uint8_t kLocal = 0x20;
  constexpr uint8_t kProxied = 0x21;
  const auto command = static_cast<uint8_t>(bytes[12]);
  const auto family = static_cast<uint8_t>(bytes[13]);
  if (command == kLocal) return true;  // The rest is to be ignored.
  if (command != kProxied) return false;
  const char* addresses = bytes.data() + kFixedBytes;
  const size_t room = bytes.size() - kFixedBytes;
  const auto* raw = reinterpret_cast<const uint8_t*>(addresses);
  if (family == 0x11) {  // TCP over IPv4.
    if (room < 12) return false;
    header.source = ipv4_address(raw);
    header.destination = ipv4_address(raw + 4);
    header.source_port = load_u16(addresses + 8);
    header.destination_port = load_u16(addresses + 10);
    return check_extensions(bytes, kFixedBytes + 12);
  }
  if (family == 0x21) {  // TCP over IPv6.
    if (room < 36) return false;
    header.source = ipv6_address(raw);
    header.destination = ipv6_address(raw + 16);
    header.source_port = load_u16(addresses + 32);
    header.destination_port = load_u16(addresses + 34);
    return check_extensions(bytes, kFixedBytes + 36);
  }
  // UNSPEC, datagrams, UNIX sockets: nothing we could take for the client's address.
  return (family >> 4) <= 3 && (family & 0x0f) <= 2;
}

ParseResult parse_version2(std::string_view bytes, ProxyHeader& header) {
  if (bytes.size() < kFixedBytes) return ParseResult::need_more;
  const size_t length = kFixedBytes + load_u16(bytes.data() + 14);
  if (length > kProxyHeaderBytesMax) return ParseResult::rejected;
  if (bytes.size() < length) return ParseResult::need_more;
  header.bytes = static_cast<uint32_t>(length);
  return read_version2(bytes.substr(0, length), header) ? ParseResult::complete : ParseResult::rejected;
}

std::array<uint8_t, 16> as_ipv6(const IpAddress& address) {
  if (address.family == 6) return address.bytes;
  std::array<uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(address.bytes.begin(), 4, bytes.begin() + 12);
  return bytes;
}

void write_text_address(HeadWriter& writer, const IpAddress& address, bool is_v6) {
  char text[kIpTextBytes];
  const uint8_t length = write_ip_address(address, text);
  if (is_v6 && address.family == 4) writer.text("::ffff:");
  writer.text({text, length});
  writer.text(" ");
}

uint32_t write_version1(const ProxyHeader& header, bool is_v6, char* out) {
  HeadWriter writer(out);
  writer.text(is_v6 ? "PROXY TCP6 " : "PROXY TCP4 ");
  write_text_address(writer, header.source, is_v6);
  write_text_address(writer, header.destination, is_v6);
  writer.number(header.source_port);
  writer.text(" ");
  writer.number(header.destination_port);
  writer.text("\r\n");
  return writer.length();
}

uint32_t write_version2(const ProxyHeader& header, bool is_known, bool is_v6, char* out) {
  HeadWriter writer(out);
  const size_t address_bytes = !is_known ? 0 : is_v6 ? 16 : 4;
  const size_t length = !is_known ? 0 : 2 * address_bytes + 4;
  const char fixed[] = {0x21,
                        static_cast<char>(!is_known ? 0
                                          : is_v6   ? 0x21
                                                    : 0x11),
                        0, static_cast<char>(length)};
  writer.text(kVersion2);
  writer.text({fixed, sizeof(fixed)});
  if (!is_known) return writer.length();
  for (const IpAddress* address : {&header.source, &header.destination}) {
    const std::array<uint8_t, 16> bytes = is_v6 ? as_ipv6(*address) : address->bytes;
    writer.text({reinterpret_cast<const char*>(bytes.data()), address_bytes});
  }
  for (const uint16_t port : {header.source_port, header.destination_port}) {
    const char bytes[] = {static_cast<char>(port >> 8), static_cast<char>(port)};
    writer.text({bytes, 2});
  }
  return writer.length();
}

}  // namespace

uint32_t crc32c_around(std::string_view before, std::string_view behind) {
  constexpr std::string_view kZeros("\0\0\0\0", 4);
  return ~crc32c(crc32c(crc32c(~0u, before), kZeros), behind);
}

ParseResult parse_proxy_header(std::string_view bytes, ProxyHeader& header) {
  header = {};
  const auto begins_like = [bytes](std::string_view signature) {
    const size_t common = std::min(bytes.size(), signature.size());
    return bytes.substr(0, common) == signature.substr(0, common);
  };
  if (begins_like(kVersion1)) {
    return bytes.size() < kVersion1.size() ? ParseResult::need_more : parse_version1(bytes, header);
  }
  return begins_like(kVersion2) ? parse_version2(bytes, header) : ParseResult::rejected;
}

uint32_t write_proxy_header(uint8_t version, const ProxyHeader& header, char* out) {
  const bool is_known = header.source.is_known() && header.destination.is_known();
  const bool is_v6 = header.source.family == 6 || header.destination.family == 6;
  if (version == 2) return write_version2(header, is_known, is_v6, out);
  if (is_known) return write_version1(header, is_v6, out);
  constexpr std::string_view kUnknown = "PROXY UNKNOWN\r\n";
  kUnknown.copy(out, kUnknown.size());
  return static_cast<uint32_t>(kUnknown.size());
}

}  // namespace sluice::dataplane
