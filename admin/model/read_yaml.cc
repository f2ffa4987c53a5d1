// YAML through libyaml's event parser: 165 ms for a 100,000-route file where yaml-cpp needs 1,500 ms
// (docs/adr/0010-config-parsers.md).
#include <yaml.h>

#include <memory>

#include "admin/model/read_text.h"

namespace sluice::admin {
namespace {

struct Parser {
  yaml_parser_t handle;
  bool ready;
  Parser() : ready(yaml_parser_initialize(&handle) == 1) {}
  ~Parser() {
    if (ready) yaml_parser_delete(&handle);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
};

struct Event {
  yaml_event_t handle{};
  Event() = default;
  ~Event() { yaml_event_delete(&handle); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

uint32_t line_of(const yaml_mark_t& mark) {
  return static_cast<uint32_t>(mark.line) + 1;
}
uint32_t column_of(const yaml_mark_t& mark) {
  return static_cast<uint32_t>(mark.column) + 1;
}

SyntaxError at(const yaml_mark_t& mark, std::string message, std::string fix) {
  return {line_of(mark), column_of(mark), std::move(message), std::move(fix)};
}

// What usually lies behind libyaml's words.
std::string fix_for(std::string_view problem) {
  if (problem.find("start any token") != std::string_view::npos) {
    return "indent with spaces, not tabs, and put values that begin with @, `, % or a tab in quotes";
  }
  if (problem.find("mapping values are not allowed") != std::string_view::npos) {
    return "put a value that contains `: ` in quotes, or mend the indentation";
  }
  if (problem.find("block end") != std::string_view::npos ||
      problem.find("expected key") != std::string_view::npos) {
    return "keys of one mapping and items of one list must start in the same column";
  }
  if (problem.find("flow sequence end") != std::string_view::npos ||
      problem.find("',' or ']'") != std::string_view::npos ||
      problem.find("',' or '}'") != std::string_view::npos) {
    return "a comma or a closing bracket is missing before this place";
  }
  if (problem.find("end of stream") != std::string_view::npos) return "a quote or a bracket is not closed";
  return "check the line and the one before it";
}

SyntaxError syntax_error(const yaml_parser_t& parser, std::string_view text) {
  const std::string problem = parser.problem != nullptr ? parser.problem : "not YAML";
  if (parser.error == YAML_READER_ERROR) {
    SyntaxError error{0, 0, "not YAML: " + problem,
                      "remove the character, or write it as an escape in double quotes"};
    place_of_offset(text, parser.problem_offset, error.line, error.column);
    return error;
  }
  std::string message = "not YAML: " + problem;
  if (parser.context != nullptr) {
    message += std::string(", ") + parser.context + " that began at line " +
               std::to_string(line_of(parser.context_mark));
  }
  return at(parser.problem_mark, std::move(message), fix_for(problem));
}

Node::Kind scalar_kind(const yaml_event_t& event, std::string_view text) {
  if (event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return Node::Kind::quoted;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return Node::Kind::null;
  return Node::Kind::plain;
}

SyntaxError anchor_error(const yaml_mark_t& mark) {
  return at(mark, "anchors and aliases (& and *) are not supported",
            "write the value out, or use ${NAME}; put a text that begins with & or * in quotes");
}
SyntaxError tag_error(const yaml_mark_t& mark) {
  return at(mark, "tags (!…) are not supported", "remove it; put a text that begins with ! in quotes");
}

// Adds one event to the tree.
std::optional<SyntaxError> take(const yaml_event_t& event, TreeBuilder& builder, uint32_t& documents) {
  const uint32_t line = line_of(event.start_mark);
  const uint32_t column = column_of(event.start_mark);
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      if (++documents > 1) {
        return at(event.start_mark, "a second document begins here",
                  "keep one document per file and use `include:`");
      }
      return std::nullopt;
    case YAML_ALIAS_EVENT:
      return anchor_error(event.start_mark);
    case YAML_SCALAR_EVENT: {
      if (event.data.scalar.anchor != nullptr) return anchor_error(event.start_mark);
      if (event.data.scalar.tag != nullptr) return tag_error(event.start_mark);
      const std::string_view text(reinterpret_cast<const char*>(event.data.scalar.value),
                                  event.data.scalar.length);
      builder.add_scalar(scalar_kind(event, text), text, line, column);
      return std::nullopt;
    }
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: {
      const bool is_sequence = event.type == YAML_SEQUENCE_START_EVENT;
      if ((is_sequence ? event.data.sequence_start.anchor : event.data.mapping_start.anchor) != nullptr) {
        return anchor_error(event.start_mark);
      }
      if ((is_sequence ? event.data.sequence_start.tag : event.data.mapping_start.tag) != nullptr) {
        return tag_error(event.start_mark);
      }
      if (!builder.open(is_sequence ? Node::Kind::sequence : Node::Kind::mapping, line, column)) {
        return at(event.start_mark,
                  "more than " + std::to_string(TreeBuilder::kDepthMax) + " levels of nesting",
                  "nothing in a configuration needs more than eight; is a bracket not closed?");
      }
      return std::nullopt;
    }
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      builder.close();
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<SyntaxError> read_yaml(std::string_view text, Tree& tree) {
  Parser parser;
  if (!parser.ready) return SyntaxError{0, 0, "out of memory while reading YAML", ""};
  yaml_parser_set_encoding(&parser.handle, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser.handle, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  TreeBuilder builder(tree);
  uint32_t documents = 0;
  for (;;) {
    Event event;
    if (yaml_parser_parse(&parser.handle, &event.handle) == 0) return syntax_error(parser.handle, text);
    if (event.handle.type == YAML_STREAM_END_EVENT) return std::nullopt;
    if (auto error = take(event.handle, builder, documents)) return error;
  }
}

}  // namespace sluice::admin
