// What the canonical text is made of: one function writes one value (print_objects.cc), print.cc puts them
// together.
#pragma once

#include "admin/model/config.h"
#include "admin/model/text_writer.h"

namespace sluice::admin::printing {

void write_timeouts(TextWriter& out, const Timeouts& timeouts);
void write_body_bytes(TextWriter& out, uint64_t bytes);
void write_rate_limit(TextWriter& out, std::string_view key, const RateLimit& limit);
void write_body_rate(TextWriter& out, const BodyRate& rate);
void write_texts(TextWriter& out, std::string_view key, const std::vector<std::string>& texts);
void write_error_pages(TextWriter& out, const ErrorPages& pages);
void write(TextWriter& out, const Listener& listener);
void write(TextWriter& out, const Peer& peer);
void write(TextWriter& out, const Pool& pool);
void write(TextWriter& out, const Route& route);

}  // namespace sluice::admin::printing
