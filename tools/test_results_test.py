"""tools/test_results.py on the forms its inputs take."""

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("test_results", Path(__file__).parent / "test_results.py")
test_results = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(test_results)

GTEST = """<testsuites tests="2"><testsuite name="A">
<testcase name="Good" status="run" classname="A" />
<testcase name="Bad" status="run" classname="A">{failure}</testcase>
</testsuite></testsuites>"""
CTEST = """<testsuite><testcase name="one_test" classname="one_test" status="{one}"/>
<testcase name="script" classname="script" status="run"/></testsuite>"""


def test_a_googletest_failure_counts_once(tmp_path):
    (tmp_path / "one_test.xml").write_text(GTEST.format(failure='<failure message="x"/>'))
    (tmp_path / "ctest.xml").write_text(CTEST.format(one="fail"))
    assert test_results.add_up(tmp_path) == (2, ["one_test: A.Bad"])


def test_a_crash_counts_although_its_report_is_missing(tmp_path):
    (tmp_path / "ctest.xml").write_text(CTEST.format(one="fail"))
    assert test_results.add_up(tmp_path) == (1, ["one_test: crashed or failed without a report"])


def test_passed_and_skipped_cases(tmp_path):
    (tmp_path / "one_test.xml").write_text(GTEST.format(failure="<skipped/>"))
    (tmp_path / "ctest.xml").write_text(CTEST.format(one="run"))
    assert test_results.add_up(tmp_path) == (2, [])


def test_pytest_errors_are_failures(tmp_path):
    (tmp_path / "pytest.xml").write_text(
        '<testsuites><testsuite><testcase classname="t" name="a"><error/></testcase>'
        '<testcase classname="t" name="b"/></testsuite></testsuites>')
    assert test_results.add_up(tmp_path) == (1, ["pytest: t.a"])
