#include "dataplane/http/h1_write.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

// The literals write_forward_request can add: field names, fixed values, numbers.
constexpr uint32_t kFixedBytes = 512;

bool is_dropped(HeaderId id) {
  return is_framing_or_hop(id) || is_client_identity(id) || id == HeaderId::x_request_id;
}

void write_identity(const ForwardRequest& forward, const HeaderEdits& edits, HeadWriter& out) {
  const auto write = [&](std::string_view name, std::string_view value) {
    if (!value.empty() && (edits.empty() || !edits.replace(name))) out.field(name, value);
  };
  write("X-Forwarded-For", forward.forwarded_for);
  write("X-Forwarded-Proto", forward.scheme);
  write("X-Forwarded-Host", forward.forwarded_host);
  write("X-Forwarded-Port", forward.listener_port);
  write("X-Real-IP", forward.client_address);
  write("Forwarded", forward.forwarded);
  write("X-Request-ID", forward.request_id);
}

// Lists that every hop appends to: a line of our own behind those that came in says the same.
void write_hops(const RequestHead& head, const ForwardRequest& forward, const HeaderEdits& edits,
                HeadWriter& out) {
  if (!forward.via.empty() && !edits.replace("Via")) {
    out.text(head.minor_version == 0 ? "Via: 1.0 " : "Via: 1.1 ");
    out.line("", forward.via);
  }
  // No edit takes this one away: without it a loop of routes has no end.
  if (!forward.loop_token.empty()) out.line("CDN-Loop: ", forward.loop_token);
}

void write_framing(const RequestHead& head, HeadWriter& out) {
  if (head.framing == BodyFraming::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (head.framing == BodyFraming::length) {
    out.line("Content-Length: ", head.content_length);
  }
  if (head.expects_continue) out.text("Expect: 100-continue\r\n");
}

void write_connection(const RequestHead& head, HeadWriter& out) {
  if (!head.upgrade.empty()) {
    // Without TE: origins that compare Connection with "upgrade" as a whole are common.
    out.text("Connection: upgrade\r\n");
    out.line("Upgrade: ", head.upgrade);
  } else if (head.accepts_trailers) {
    out.text("TE: trailers\r\nConnection: TE\r\n");
  }
}

}  // namespace

uint32_t forward_request_bytes_max(const RequestHead& head, const ForwardRequest& forward) {
  // Every field was in the head with its colon and CRLF; the SP behind the colon may be new.
  const size_t fields = head.head_bytes + head.field_count;
  const size_t values =
      head.method_text.size() + forward.path.size() + forward.query.size() + forward.host.size() +
      head.authority.size() + head.upgrade.size() + forward.forwarded_for.size() + forward.scheme.size() +
      forward.forwarded_host.size() + forward.listener_port.size() + forward.client_address.size() +
      forward.forwarded.size() + forward.request_id.size() + forward.via.size() + forward.loop_token.size();
  return static_cast<uint32_t>(fields + values + HeaderEdits(forward.edits).bytes_max() + kFixedBytes);
}

uint32_t write_forward_request(const RequestHead& head, const ForwardRequest& forward, char* out) {
  const HeaderEdits edits(forward.edits);
  HeadWriter writer(out);
  writer.text(head.method_text);
  writer.text(" ");
  writer.text(forward.path);
  writer.text(forward.query);
  writer.text(" HTTP/1.1\r\n");
  writer.line("Host: ", forward.host.empty() ? head.authority : forward.host);
  const bool keeps_trailer = head.framing == BodyFraming::chunked;
  copy_fields(head.fields, head.field_count, writer, [&](const Field& field) {
    if (field.nominated) return false;
    if (is_dropped(field.id)) return field.id == HeaderId::trailer && keeps_trailer;
    return edits.empty() || !edits.replace(field.name);
  });
  write_identity(forward, edits, writer);
  write_hops(head, forward, edits, writer);
  write_framing(head, writer);
  write_connection(head, writer);
  edits.write(writer);
  writer.text("\r\n");
  return writer.length();
}

}  // namespace sluice::dataplane
