"""Every case against the real binaries; the table of docs/conformance.md is current."""

import re
from collections import Counter

import pytest

import table
from campaign import run_all
from cases import CASES
from exercise import differences
from proxies import ALL, Sluice, wait_for


class Campaign:
    """All cases once, and what the gateway's own books say afterwards."""

    def __init__(self):
        self.outcomes = run_all(Sluice, CASES, self.read_books)

    def read_books(self, proxy):
        def counted():
            self.metrics = proxy.metrics()
            self.logged = Counter(line["reason"] for line in proxy.gateway.access_log())
            del self.logged["-"]
            return self.logged == self.reasons()
        try:
            wait_for(counted, "the metrics to count what the access log says")
        except AssertionError:
            pass  # The test says what differs.

    def reasons(self):
        name = re.compile(r'sluice_request_outcomes_total\{reason="(.*)"\} (\d+)')
        found = (name.fullmatch(line) for line in self.metrics)
        return Counter({match[1]: int(match[2]) for match in found if match and match[2] != "0"})


@pytest.fixture(scope="module")
def campaign():
    return Campaign()


@pytest.fixture(scope="module")
def outcomes(campaign):
    return campaign.outcomes


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_the_case_comes_out_as_expected(case, outcomes):
    assert differences(case, outcomes[case.name]) == []


def test_the_column_of_the_table_is_current(outcomes):
    assert list(table.stale_rows(CASES, outcomes)) == []


def test_every_reason_of_the_strictness_table_has_a_case():
    """A rejection without a case would be one nobody compared; what has to be switched on first has a system
    test instead."""
    covered = {reason for case in CASES for reason in case.expect.reasons or ()}
    top = table.PAGE.parents[1]
    system_tests = "".join(path.read_text() for path in (top / "tests/system").glob("test_*.py"))
    named = table.tokens((top / "docs/strictness.md").read_text())
    assert {reason for reason in named - covered if f'"{reason}"' not in system_tests} == set()


def test_metrics_count_every_reason_as_often_as_the_access_log_has_it(campaign):
    assert campaign.reasons() == campaign.logged


def test_answers_to_nothing_are_counted(campaign):
    counts = [line for line in campaign.metrics if line.startswith("sluice_worker_origin_unasked_total")]
    assert len(counts) == 1 and int(counts[0].split()[1]) >= 9, counts


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_the_others_carry_what_is_valid(name):
    """Were they driven wrongly, the table would be a table of our own mistakes."""
    if not ALL[name].is_installed():
        pytest.skip(f"{name} is not installed; tools/setup --peers installs it")
    valid = [case for case in CASES if case.group.startswith("Valid")]
    others = run_all(ALL[name], valid)
    same = sum(not table.bare_differences(case, others[case.name]) for case in valid)
    assert same >= 0.85 * len(valid), f"{same} of {len(valid)}"
