"""Every rule of tools/tidy is tried on text that breaks it and on text that does not."""

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

LOADER = SourceFileLoader("tidy", str(Path(__file__).parent / "tidy"))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", LOADER))
LOADER.exec_module(tidy)

LAYERS = tidy.Layers(
    "layer schemas/base :\n"
    "layer schemas : schemas/base\n"
    "layer dataplane/ring : schemas/base\n"
    "layer dataplane/conn : schemas/base schemas dataplane/ring\n"
    "layer tests : schemas\n"
    "shared dataplane/conn/facts.h : dataplane/ring\n"
    "only <liburing.h> : dataplane/ring\n"
    "never <chrono> : dataplane/conn   # pure\n")


@pytest.mark.parametrize("path, line, word", [
    ("dataplane/ring/ring.cc", '#include "dataplane/conn/listener.h"', "may not include"),
    ("schemas/base/check.h", '#include "schemas/reason.h"', "may not include"),
    ("dataplane/conn/listener.cc", '#include "listener.h"', "full path"),
    ("dataplane/conn/listener.cc", "#include <liburing.h>", "belongs to"),
    ("dataplane/conn/listener.cc", "#include <chrono>", "must not know"),
    ("unheard/of.cc", "#include <vector>", "layers.txt"),
])
def test_an_include_across_layers_is_found(path, line, word):
    found = tidy.check_includes(path, "// x\n" + line + "\n", LAYERS)
    assert len(found) == 1 and word in found[0]


@pytest.mark.parametrize("path, line", [
    ("dataplane/conn/listener.cc", '#include "dataplane/ring/ring.h"'),
    ("dataplane/conn/listener.cc", '#include "dataplane/conn/drain.h"'),
    ("dataplane/ring/ring_uring.cc", "#include <liburing.h>"),
    ("dataplane/ring/ring.cc", '#include "dataplane/conn/facts.h"'),
    ("tests/unit/x_test.cc", '#include "dataplane/conn/listener.h"'),
])
def test_an_include_within_the_layers_is_fine(path, line):
    assert tidy.check_includes(path, line + "\n", LAYERS) == []


def test_the_real_layer_table_has_a_folder_for_every_source():
    layers = tidy.Layers((tidy.TOP / "tools/layers.txt").read_text())
    for folders in list(layers.layers.values()) + list(layers.only.values()):
        for folder in folders:
            assert layers.folder_of(folder) is not None, folder


def test_a_long_line_is_found_and_a_line_of_the_limit_is_not():
    assert tidy.check_columns("a.cc", "x" * 110 + "\n") == []
    assert "111 columns" in tidy.check_columns("a.cc", "\n" + "x" * 111 + "\n")[0]


def test_long_files_need_a_reason_and_very_long_ones_have_none():
    assert tidy.check_file_length("a.cc", "\n" * 400, set()) == []
    assert tidy.check_file_length("a.cc", "\n" * 401, set())
    assert tidy.check_file_length("a.cc", "\n" * 401, {"a.cc"}) == []
    assert tidy.check_file_length("a.cc", "\n" * 800, {"a.cc"})


def test_an_exception_that_is_not_needed_any_more_is_found():
    assert tidy.check_exceptions({"a.cc"}, {"a.cc": 500}) == []
    assert tidy.check_exceptions({"a.cc"}, {"a.cc": 200})
    assert tidy.check_exceptions({"gone.cc"}, {})


def test_long_functions_are_found_at_both_depths():
    body = "  work();\n" * 69
    assert tidy.check_function_length("a.cc", "void f(int a,\n       int b) {\n" + body + "}\n")
    assert tidy.check_function_length("a.cc", "\n\nvoid f() {\n" + "  work();\n" * 68 + "}\n") == []
    method = "class A {\n  void g() {\n" + "    work();\n" * 69 + "  }\n};\n"
    found = tidy.check_function_length("a.cc", method)
    assert len(found) == 1 and "function g has 71" in found[0]


def test_a_statement_with_a_comment_behind_it_is_not_a_function():
    text = "void f() {\n  ASSERT_TRUE(\n      x);  // why\n  g();  // {\n" + "}\n" + "int y;\n" * 80 + "  }\n"
    assert tidy.check_function_length("a.cc", text) == []


def test_a_statement_with_a_lambda_is_not_a_long_function():
    text = "void f() {\n  run([&] {\n    x();\n  });\n}\n" + "int y;\n" * 80 + "class A {\n  int z;\n  };\n"
    assert tidy.check_function_length("a.cc", text) == []


def test_classes_and_namespaces_are_not_functions():
    text = "namespace a {\n" + "int x;\n" * 200 + "}\nclass B final : public C<int(int)> {\n" + "  int y;\n" * 100 + "};\n"
    assert tidy.check_function_length("a.cc", text) == []


@pytest.mark.parametrize("line", [
    "// TO" + "DO: later", "# FIX" + "ME", "see /wor" + "k/main/x", "in /home/" + "somebody/x", "/root/" + "x"])
def test_leftovers_and_machine_paths_are_found(line):
    assert len(tidy.check_leftovers("a.cc", "fine\n" + line + "\n")) == 1


@pytest.mark.parametrize("line", ["the work/life balance", "https://example.com/home/index", "/var/lib/sluice", "TODOS"])
def test_ordinary_text_is_not_a_leftover(line):
    assert tidy.check_leftovers("a.cc", line + "\n") == []


@pytest.mark.parametrize("code", [
    "std::function<void()> f;", "std::shared_ptr<int> p;", "int x = rand();", "sprintf(buffer, x);", "strcpy(a, b);",
    "auto t = std::chrono::steady_clock::now();", "clock_gettime(CLOCK_MONOTONIC, &t);", "time(nullptr);",
    "std::this_thread::sleep_for(x);", "int upstream = 1;"])
def test_banned_calls_are_found_in_the_data_plane_only(code):
    assert len(tidy.check_banned("dataplane/conn/listener.cc", code + "\n")) == 1
    assert tidy.check_banned("admin/api/server.cc", code + "\n") == []


def test_the_ring_and_the_keeper_may_read_a_clock():
    assert tidy.check_banned("dataplane/ring/ring_uring.cc", "clock_gettime(CLOCK_MONOTONIC, &t);\n") == []
    assert tidy.check_banned("dataplane/keeper/keeper.cc", "clock_gettime(CLOCK_MONOTONIC, &t);\n") == []


@pytest.mark.parametrize("code", [
    "// std::function would allocate here", 'log("no rand() here");', "snprintf(a, 1, b);", "uptime(now);",
    "operand(x);", "wheel.time(x);", "/* steady_clock\n rand() */"])
def test_words_in_comments_strings_and_other_names_are_not_banned(code):
    assert tidy.check_banned("dataplane/conn/listener.cc", code + "\n") == []


def test_headers_begin_with_a_comment_and_pragma_once():
    assert tidy.check_header("a.h", "// What for.\n#pragma once\n") == []
    assert len(tidy.check_header("a.h", "#include <vector>\n")) == 2


def test_documents_have_one_title_on_the_first_line():
    assert tidy.check_document("a.md", "# Title\n\n## Part\n```\n# a comment in code\n```\n") == []
    assert tidy.check_document("a.md", "Words\n\n# Title\n")
    assert tidy.check_document("a.md", "# One\n# Two\n")
    assert tidy.check_document("a.md", "no title\n")


def test_a_source_in_no_target_is_found():
    cmake = "sluice_library(a SOURCES one.cc parts/two.cc)\n"
    assert tidy.check_in_a_target(["x/one.cc", "x/parts/two.cc"], cmake) == []
    assert tidy.check_in_a_target(["x/ne.cc", "x/three.cc"], cmake) == [
        "x/ne.cc: is in no target; list it in a CMakeLists.txt",
        "x/three.cc: is in no target; list it in a CMakeLists.txt"]


def test_every_file_of_the_request_path_is_named_on_its_page():
    files = ["dataplane/stream/admit.cc", "dataplane/stream/local_reply.cc"]
    assert tidy.check_life_of_a_request(files, "## `admit.cc`\n## `local_reply.cc`\n") == []
    assert len(tidy.check_life_of_a_request(files, "`admit.cc`, a reply")) == 1
    assert tidy.check_life_of_a_request(files, None)
    assert tidy.check_life_of_a_request([], None) == []


def test_big_blobs_are_found():
    assert tidy.check_blob("x.bin", 256 * 1024) == []
    assert tidy.check_blob("x.bin", 256 * 1024 + 1)


def test_a_header_is_proven_only_by_its_own_source_including_it_first():
    sources = {"a/x.cc": '// why\n#include "a/x.h"\n#include <vector>\n', "a/y.cc": '#include <vector>\n#include "a/y.h"\n'}
    assert tidy.proven_by_its_source("a/x.h", sources.get)
    assert not tidy.proven_by_its_source("a/y.h", sources.get)
    assert not tidy.proven_by_its_source("a/z.h", sources.get)
