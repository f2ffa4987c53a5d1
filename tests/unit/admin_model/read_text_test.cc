// Both languages into the tree: places, escapes, and what is refused before any key has a meaning.
#include "admin/model/read_text.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

// The tree as one line: scalars with their kind and place.
std::string dump(const Node& node) {
  const std::string place = "@" + std::to_string(node.line) + ":" + std::to_string(node.column);
  if (node.kind == Node::Kind::sequence || node.kind == Node::Kind::mapping) {
    std::string text = node.kind == Node::Kind::sequence ? "[" : "{";
    for (const Node* child = node.first; child != nullptr; child = child->next) text += dump(*child) + " ";
    if (text.back() == ' ') text.pop_back();
    return text + (node.kind == Node::Kind::sequence ? "]" : "}") + place;
  }
  const char* quote = node.kind == Node::Kind::quoted ? "\"" : "";
  return quote + std::string(node.text()) + quote + place;
}

std::string read(std::string_view text, Format format = Format::detect) {
  Tree tree;
  const auto error = read_text(text, format, tree);
  if (error) return std::to_string(error->line) + ":" + std::to_string(error->column) + " " + error->message;
  return dump(*tree.root);
}

TEST(ReadText, YamlNodesKnowTheirPlace) {
  EXPECT_EQ(read("a: 1\nb:\n  - x\n  - \"y\"\n"), "{a@1:1 1@1:4 b@2:1 [x@3:5 \"y\"@4:5]@3:3}@1:1");
  EXPECT_EQ(read("{a: [b, {c: d}]}"), "{a@1:2 [b@1:6 {c@1:10 d@1:13}@1:9]@1:5}@1:1");
}

TEST(ReadText, JsonNodesKnowTheirPlace) {
  EXPECT_EQ(
      read("{\"a\": 1,\n \"b\": [ \"x\", -2.5e3 ],\n\t\"c\" : null, \"d\":true}"),
      "{\"a\"@1:2 1@1:7 \"b\"@2:2 [\"x\"@2:9 -2.5e3@2:14]@2:7 \"c\"@3:2 null@3:8 \"d\"@3:14 true@3:18}@1:1");
  EXPECT_EQ(read("{\"a\":[[],{}],\"b\":0}"), "{\"a\"@1:2 [[]@1:7 {}@1:10]@1:6 \"b\"@1:14 0@1:18}@1:1");
}

TEST(ReadText, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(read("{\"\u00e4\u00f6\u00fc\": \"\u20ac\", \"b\": 1}"),
            "{\"\u00e4\u00f6\u00fc\"@1:2 \"\u20ac\"@1:9 \"b\"@1:14 1@1:19}@1:1");
  EXPECT_EQ(read("\u00e4: {b: \u20ac, c: d}"), "{\u00e4@1:1 {b@1:5 \u20ac@1:8 c@1:11 d@1:14}@1:4}@1:1");
}

// libyaml refuses surrogate pairs and JSON texts indented by tabs, so JSON has a reader of its own.
TEST(ReadText, JsonEscapesAreComplete) {
  EXPECT_EQ(read(R"({"a":"\ud83d\ude00"})"), "{\"a\"@1:2 \"\U0001F600\"@1:6}@1:1");
  EXPECT_EQ(read(R"({"a":"\/\"\\\t\u0041"})"), "{\"a\"@1:2 \"/\"\\\tA\"@1:6}@1:1");
  EXPECT_EQ(read("{\n\t\"a\":\t1}"), "{\"a\"@2:2 1@2:7}@1:1");
  EXPECT_EQ(read(R"({"a":"\ud83d"})").substr(0, 5), "1:13 ");
}

TEST(ReadText, JsonSyntaxErrorsNameTheirPlace) {
  EXPECT_EQ(read("{\"a\": 1,\n \"b\" 2}").substr(0, 14), "2:6 not JSON: ");
  EXPECT_EQ(read("{\"a\": [1, 2}", Format::json).substr(0, 15), "1:12 not JSON: ");
  EXPECT_EQ(read("{\"a\": 1} x", Format::json).substr(0, 15), "1:10 not JSON: ");
  EXPECT_EQ(read("{\"a\": ", Format::json).substr(0, 14), "1:7 not JSON: ");
  EXPECT_EQ(read("{\"a\": tru}", Format::json).substr(0, 14), "1:7 not JSON: ");
  EXPECT_EQ(read("[1,, 2]", Format::json).substr(0, 14), "1:4 not JSON: ");
  EXPECT_EQ(read("{\"a\": \"b\nc\"}", Format::json).substr(0, 15), "1:9 not JSON: s");
  EXPECT_EQ(read("", Format::json).substr(0, 14), "1:1 not JSON: ");
}

TEST(ReadText, YamlSyntaxErrorsNameTheirPlace) {
  EXPECT_EQ(read("a: 1\n b: 2\n"), "2:3 not YAML: mapping values are not allowed in this context");
  EXPECT_EQ(read("a: [1, 2\nb: 3\n").substr(0, 2), "2:");
  EXPECT_EQ(read("a:\n\t- b\n").substr(0, 4), "2:1 ");
  EXPECT_EQ(read("a: \"x\n").substr(0, 2), "2:");
}

TEST(ReadText, FormatIsDetectedByTheFirstKey) {
  EXPECT_EQ(read(" \n {\"a\": \"\\/\"}"), "{\"a\"@2:3 \"/\"@2:8}@2:2");
  EXPECT_EQ(read("{a: b}"), "{a@1:2 b@1:5}@1:1");
  EXPECT_EQ(read("\xef\xbb\xbf{\"a\": 1}"), "{\"a\"@1:2 1@1:7}@1:1");
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a: 1"),
            "{a@1:1 1@1:4}@1:1");
}

// "Billion laughs": nine levels of ten references each would be a billion nodes. No reference, no bomb.
TEST(ReadText, AnchorsAndAliasesAreRefused) {
  EXPECT_EQ(read("a: &x [1]\nb: *x\n"), "1:4 anchors and aliases (& and *) are not supported");
  EXPECT_EQ(read("b: *x\n"), "1:4 anchors and aliases (& and *) are not supported");
  EXPECT_EQ(read("a: &x {b: c}\n"), "1:4 anchors and aliases (& and *) are not supported");
}

TEST(ReadText, TagsAndSecondDocumentsAreRefused) {
  EXPECT_EQ(read("a: !!str 1\n"), "1:4 tags (!…) are not supported");
  EXPECT_EQ(read("a: !x {}\n"), "1:4 tags (!…) are not supported");
  EXPECT_EQ(read("---\na: 1\n---\nb: 2\n"), "3:1 a second document begins here");
  EXPECT_EQ(read("---\na: 1\n...\n"), "{a@2:1 1@2:4}@2:1");
}

TEST(ReadText, DeepNestingIsRefusedInBothLanguages) {
  const std::string deep(1000, '[');
  EXPECT_EQ(read("a: " + deep), "1:67 more than 64 levels of nesting");
  EXPECT_EQ(read("{\"a\":" + deep), "1:69 more than 64 levels of nesting");
  const std::string shallow = std::string(63, '[') + std::string(63, ']');
  EXPECT_EQ(read("a: " + shallow).substr(0, 1), "{");
}

TEST(ReadText, BinaryGarbageIsRefusedAtItsFirstByte) {
  EXPECT_EQ(read(std::string_view("a: b\0c", 6)), "1:5 control character 0x00 in the text");
  EXPECT_EQ(read("a: 1\n\x7f"), "2:1 control character 0x7f in the text");
  EXPECT_EQ(read("a: \xff\xfe"), "1:4 the byte 0xff is not UTF-8");
  EXPECT_EQ(read("\xff\xfe{"), "1:1 the text is UTF-16, not UTF-8");
  EXPECT_EQ(read("a: \xc0\xaf"), "1:4 the byte 0xc0 is not UTF-8");          // Overlong.
  EXPECT_EQ(read("a: \xed\xa0\x80"), "1:4 the byte 0xed is not UTF-8");      // A surrogate.
  EXPECT_EQ(read("a: \xf4\x90\x80\x80"), "1:4 the byte 0xf4 is not UTF-8");  // Above U+10FFFF.
  EXPECT_EQ(read("a: \xe2\x82"), "1:4 the byte 0xe2 is not UTF-8");          // Cut short.
  EXPECT_EQ(read("a: \xc2\x9b"), "1:4 control character 0xc2 in the text");  // C1.
}

TEST(ReadText, EmptyTextsAreRefused) {
  EXPECT_EQ(read(""), "1:1 the configuration is empty");
  EXPECT_EQ(read("# only a comment\n"), "1:1 the configuration is empty");
  EXPECT_EQ(read("---\n"), "1:1 the configuration is empty");
}

TEST(ReadText, YamlNullIsNotAText) {
  Tree tree;
  ASSERT_FALSE(read_text("a:\nb: ~\nc: null\nd: 'null'\n", Format::yaml, tree));
  const Node* value = tree.root->first->next;
  for (int i = 0; i < 3; ++i, value = value->next->next) EXPECT_EQ(value->kind, Node::Kind::null);
  EXPECT_EQ(value->kind, Node::Kind::quoted);
}

}  // namespace
}  // namespace sluice::admin
