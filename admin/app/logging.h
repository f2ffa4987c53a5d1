// The log of the process: stderr or a file, in the form the data plane's lines have.
#pragma once

#include <string>

namespace sluice::admin {

// Call again to open the file anew after it was moved away. False: it cannot be opened (said on stderr).
bool open_log(const std::string& file, const std::string& level);

}  // namespace sluice::admin
