"""docs/conformance.md: written from outcomes, and compared with them."""

import re
from itertools import groupby
from pathlib import Path

from exercise import describe

PAGE = Path(__file__).resolve().parents[3] / "docs" / "conformance.md"
TITLES = {"sluice": "Sluice", "nginx": "nginx", "haproxy": "HAProxy"}

INTRODUCTION = """# Conformance: the same bytes through Sluice, nginx and HAProxy

Written by `tests/conformance/http/run --write`; do not edit. {cases} cases over real sockets: a client that
sends exactly these bytes, the proxy, and an origin that records every byte and answers what the case says.
The cases are in [tests/conformance/http/cases](../tests/conformance/http/cases); `tools/test conformance`
checks that Sluice does what they expect, to the byte, and that its column here is current. Compared with
nginx {nginx} and HAProxy {haproxy} as Debian ships them, streaming, connections to origins kept
([configuration](../tests/conformance/http/proxies.py)).

How to read a cell: the status codes the client got (`cut`: the body ended too early and the client can see
it; `unfinished`: more was promised and did not come; `garbage`: no HTTP); whether its connection was closed,
or `waits` for more; how many requests the origin saw where that is not one for each 200; whether the
connection to the origin serves another request; in brackets the reason in Sluice's access log and metrics.
`next client`: somebody else's request afterwards was not answered with 200. RFC numbers are 9110 and 9112
unless another.

What the table is for: bytes that two parsers can read in two ways are refused here, and traffic that one of
the others carries and a standard allows is carried; the exceptions, with their reasons, are in
[strictness.md](strictness.md#deviations-from-what-the-rfcs-allow).

| | {names} |
|---|{dashes}
"""


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def code(text):
    """As a table cell shows it: no control bytes, no ends of lines."""
    return re.sub(r"[^ -~]", lambda byte: f"\\x{ord(byte[0]):02x}", text)


def rows_of(cases, outcomes):
    return {case.name: code(describe(case, outcomes[case.name])) for case in cases}


def bare_differences(case, outcome):
    """Only what the client and the next client see: statuses and whether a cut body shows."""
    wanted = case.expect.answers
    got = [str(one) for one in outcome.answers]
    return [] if wanted is None or got == wanted else [got]


def write(cases, outcomes, versions):
    names = list(outcomes)
    text = INTRODUCTION.format(cases=len(cases), nginx=versions["nginx"], haproxy=versions["haproxy"],
                               names=" | ".join(TITLES[name] for name in names), dashes="---|" * len(names))
    same = [sum(not bare_differences(case, outcomes[name][case.name]) for case in cases) for name in names]
    text += "| cases with the statuses Sluice gives | " + " | ".join(map(str, same)) + " |\n"
    rows = {name: rows_of(cases, outcomes[name]) for name in names}
    for title, group in groupby(cases, key=lambda case: case.group):
        text += f"\n## {title}\n\n| case | RFC | " + " | ".join(TITLES[name] for name in names) + " |\n"
        text += "|---|---|" + "---|" * len(names) + "\n"
        for case in group:
            columns = [case.name, case.section, *(rows[name][case.name] for name in names)]
            text += "| " + " | ".join(cell(code(column)) for column in columns) + " |\n"
    PAGE.write_text(text)


def written_rows():
    """{case name: [cells]} of the page as it is."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        columns = [part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(columns) == 5:
            rows[columns[0]] = columns
    return rows


def stale_rows(cases, outcomes):
    """Where Sluice's column is not what Sluice does."""
    written = written_rows()
    for case in cases:
        now = cell(code(describe(case, outcomes[case.name])))
        before = written.get(cell(code(case.name)), [""] * 5)[2]
        if before != now:
            yield f"{case.name}: docs/conformance.md says {before!r}, but it is {now!r}; run with --write"


def tokens(text):
    """Reason tokens a page names: every code word with an underscore that schemas/reason.h has as well."""
    known = set(re.findall(r'"([a-z0-9_]+)",', (PAGE.parents[1] / "schemas" / "reason.h").read_text()))
    return known & set(re.findall(r"`([a-z0-9_]+)`", text))
