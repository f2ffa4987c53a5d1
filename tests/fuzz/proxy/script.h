// What one input of the whole-proxy fuzzer means: bytes a client sends, in pieces, and what an origin
// answers. Built of tokens that HTTP is made of, so that mutations stay near what parsers find plausible, and
// of raw bytes, so that nothing is out of reach.
//
//   c N        client: token N               C N bytes  client: N raw bytes
//   o N        origin: token N               O N bytes  origin: N raw bytes
//   .          client: a new piece           ,          origin: a new piece of the answer
//   h          client: half-close at its end n          origin: what follows answers the next request
//   x, r       origin: closes or resets behind this answer
// Any other byte is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::fuzzing {

struct AnswerScript {
  enum class End : uint8_t { stays, closes, resets };
  std::vector<std::string> pieces{""};
  End end = End::stays;
};

struct Script {
  uint8_t network = 0;  // Which faults.
  uint8_t seed = 0;
  std::vector<std::string> client_pieces{""};
  bool half_closes = false;
  std::vector<AnswerScript> answers{AnswerScript{}};

  std::string client_bytes() const;
};

Script read_script(const uint8_t* data, size_t size);

}  // namespace sluice::fuzzing
