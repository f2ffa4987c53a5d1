// One access record as one line of text: nginx's combined format, JSON, or a template with $variables.
// Pure: no clock, no descriptors. Everything a client chose is escaped, so that no request can forge a line
// or a field.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/worker/access_log_ring.h"
#include "schemas/access_log_variables.h"
#include "schemas/snapshot_generated.h"

namespace sluice::dataplane {

class AccessLogFormat {
 public:
  // `template_text` counts for custom only. The error names the variable and lists the known ones.
  static std::expected<AccessLogFormat, std::string> compile(wire::LogFormat kind,
                                                             std::string_view template_text);
  AccessLogFormat() = default;  // off

  bool is_off() const { return kind_ == wire::LogFormat::off; }
  // Appends one line with its line feed. Nothing when off.
  void append(const AccessRecord& record, std::string& out);

 private:
  struct Part {
    std::string literal;  // Comes first.
    bool has_variable = false;
    AccessLogVariable variable = AccessLogVariable::remote_addr;
  };
  static void append_word(std::string_view text, std::string& out);
  void append_combined(const AccessRecord& record, std::string& out);
  void append_json(const AccessRecord& record, std::string& out);
  void append_custom(const AccessRecord& record, std::string& out);
  void append_variable(AccessLogVariable variable, const AccessRecord& record, std::string& out);
  // Texts of the second the record ended in; formatted once per second, not per line.
  void set_time(const AccessRecord& record);

  wire::LogFormat kind_ = wire::LogFormat::off;
  std::vector<Part> parts_;
  int64_t second_ = INT64_MIN;
  std::string time_local_;
  std::string time_iso8601_;
};

// For combined and custom: '"', '\' and everything that is not printable ASCII become \xHH.
void append_escaped(std::string_view text, std::string& out);
// Inside a JSON string: control bytes as \u00HH, bytes that are not valid UTF-8 as \ufffd.
void append_json_escaped(std::string_view text, std::string& out);

}  // namespace sluice::dataplane
