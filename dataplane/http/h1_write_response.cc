#include "dataplane/http/h1_write.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kFixedBytes = 256;
constexpr uint16_t kSwitchingProtocols = 101;

void write_status_line(const ResponseHead& head, HeadWriter& out) {
  out.text("HTTP/1.1 ");
  out.number(head.status);
  out.line(" ", head.reason);
}

void write_framing(const ResponseHead& head, const ForwardResponse& forward, HeadWriter& out) {
  if (forward.framing == BodyFraming::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (forward.framing == BodyFraming::length) {
    out.line("Content-Length: ", forward.content_length);
  } else if (forward.framing == BodyFraming::none && head.has_content_length) {
    out.line("Content-Length: ", head.content_length);  // HEAD and 304: the length there would have been.
  }
}

void write_connection(const ResponseHead& head, const ForwardResponse& forward, HeadWriter& out) {
  if (head.status == kSwitchingProtocols) {
    out.text("Connection: upgrade\r\n");
    out.line("Upgrade: ", head.upgrade);
  } else if (!forward.keep_alive) {
    out.text("Connection: close\r\n");
  } else if (forward.client_minor_version == 0) {
    out.text("Connection: keep-alive\r\n");
  }
}

}  // namespace

uint32_t forward_response_bytes_max(const ResponseHead& head, const ForwardResponse& forward) {
  const size_t fields = head.head_bytes + head.field_count + head.reason.size() + head.upgrade.size();
  return static_cast<uint32_t>(fields + forward.request_id.size() + forward.via.size() +
                               HeaderEdits(forward.edits).bytes_max() + kFixedBytes);
}

uint32_t write_forward_response(const ResponseHead& head, const ForwardResponse& forward, char* out) {
  // 100 to 199 but 101 announce an answer; ours to add to is the answer.
  const bool is_interim = head.status < 200 && head.status != kSwitchingProtocols;
  const HeaderEdits edits(is_interim ? std::span<const HeaderEdit>{} : forward.edits);
  HeadWriter writer(out);
  write_status_line(head, writer);
  bool has_request_id = false;
  const bool keeps_trailer = forward.framing == BodyFraming::chunked;
  copy_fields(head.fields, head.field_count, writer, [&](const Field& field) {
    if (field.nominated) return false;
    if (is_framing_or_hop(field.id)) return field.id == HeaderId::trailer && keeps_trailer;
    if (!edits.empty() && edits.replace(field.name)) return false;
    has_request_id |= field.id == HeaderId::x_request_id;
    return true;
  });
  if (!is_interim) {
    const bool wants_request_id = !has_request_id && !forward.request_id.empty();
    if (wants_request_id && !edits.replace("X-Request-ID")) writer.line("X-Request-ID: ", forward.request_id);
    if (!forward.via.empty() && !edits.replace("Via")) {
      writer.text(head.minor_version == 0 ? "Via: 1.0 " : "Via: 1.1 ");
      writer.line("", forward.via);
    }
    write_framing(head, forward, writer);
    write_connection(head, forward, writer);
    edits.write(writer);
  }
  writer.text("\r\n");
  return writer.length();
}

}  // namespace sluice::dataplane
