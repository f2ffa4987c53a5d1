#include "admin/model/error_sink.h"

#include <algorithm>
#include <tuple>

namespace sluice::admin {

void ErrorSink::add(Place place, std::string path, std::string message, std::string fix) {
  if (!has_room()) return;
  const std::string file = place.file < files_.size() ? files_[place.file] : std::string();
  errors_.push_back({place,
                     errors_.size(),
                     {file, place.line, place.column, std::move(path), std::move(message), std::move(fix)}});
}

ConfigErrors ErrorSink::take() {
  std::sort(errors_.begin(), errors_.end(), [](const Entry& left, const Entry& right) {
    return std::tie(left.place.file, left.place.line, left.place.column, left.number) <
           std::tie(right.place.file, right.place.line, right.place.column, right.number);
  });
  ConfigErrors errors;
  errors.reserve(errors_.size() + 1);
  for (Entry& entry : errors_) errors.push_back(std::move(entry.error));
  if (dropped_ > 0) {
    const ConfigError& last = errors.back();
    errors.push_back({last.file, 0, 0, "", std::to_string(dropped_) + " more errors are not shown",
                      "mend the first ones and check again"});
  }
  errors_.clear();
  return errors;
}

}  // namespace sluice::admin
