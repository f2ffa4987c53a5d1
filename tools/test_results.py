"""Adds up what CTest, GoogleTest and pytest wrote: prints `PASSED FAILED` and the names of what failed.

usage: test_results.py FOLDER...   each holds ctest.xml beside GoogleTest's xml files, or pytest's pytest.xml.
A CTest test that failed without a GoogleTest report of its failure (it crashed, or it is no GoogleTest)
counts as one.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def cases(path):
    """(name, state) of every test case in one JUnit file; state is passed, failed or skipped."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            yield name, "failed"
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield name, "skipped"
        else:
            yield name, "passed"


def add_up(folder):
    """(passed, [names of failed])."""
    passed, failed = 0, []
    reported = {}
    for path in sorted(Path(folder).glob("*.xml")):
        if path.name == "ctest.xml":
            continue
        states = list(cases(path))
        passed += sum(state == "passed" for _, state in states)
        here = [f"{path.stem}: {name}" for name, state in states if state == "failed"]
        failed += here
        reported[path.stem] = len(here)
    summary = Path(folder) / "ctest.xml"
    if summary.exists():
        for name, state in cases(summary):
            test = name.rsplit(".", 1)[-1]
            if state == "failed" and not reported.get(test):
                failed.append(f"{test}: crashed or failed without a report")
            elif state == "passed" and test not in reported:
                passed += 1
    return passed, failed


def main():
    total, failures = 0, []
    for folder in sys.argv[1:]:
        passed, failed = add_up(folder)
        total += passed
        failures += [f"{Path(folder).name}: {name}" for name in failed]
    print(total, len(failures))
    for name in failures:
        print(name)


if __name__ == "__main__":
    main()
