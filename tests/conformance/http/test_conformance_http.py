"""Every case against the real binaries; the table of docs/conformance.md is current."""

import pytest

import table
from campaign import run_all
from cases import CASES
from exercise import differences
from proxies import Sluice


@pytest.fixture(scope="module")
def outcomes():
    return run_all(Sluice, CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_the_case_comes_out_as_expected(case, outcomes):
    assert differences(case, outcomes[case.name]) == []


def test_the_column_of_the_table_is_current(outcomes):
    assert list(table.stale_rows(CASES, outcomes)) == []


def test_every_reason_of_the_parser_has_a_case():
    """A rejection without a case would be one nobody compared."""
    covered = {reason for case in CASES for reason in case.expect.reasons or ()}
    strictness = (table.PAGE.parent / "strictness.md").read_text()
    named = {word for word in table.tokens(strictness)}
    assert named - covered == set()
