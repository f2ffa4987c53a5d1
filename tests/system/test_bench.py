"""bench/run and bench/compare work: every scenario ends, no request fails, the files are written. What the
figures are is not looked at: a machine that runs tests says nothing about speed."""

import json
import os
import subprocess

import pytest

from harness import BINARIES, TOP

SCENARIOS = ["get_16", "post_16k", "new_connection", "open_half", "idle", "routes", "reloads",
             "origin_killed", "two_workers"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    done = subprocess.run([TOP / "bench/run", "--smoke", "--output", folder, *SCENARIOS], capture_output=True,
                          text=True, timeout=300, env={**os.environ, "SLUICE_BIN": str(BINARIES)})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_scenario_answers(results):
    report = json.loads((results / "results.json").read_text())
    assert set(report["exchanges"]) | set(report["events"]) == set(SCENARIOS)
    for name, table in report["exchanges"].items():
        assert table["sluice"]["failed"] == 0, (name, table)
        assert table["sluice"]["cpu_us"] > 0 and table["relay"]["cpu_us"] > 0
    reloads = report["events"]["reloads"]["sluice"]
    assert reloads["kept_failed"] == reloads["new_failed"] == 0, reloads
    killed = report["events"]["origin_killed"]["sluice"]
    assert set(killed["answered_by"]) >= {"a", "b"}
    assert "| get_16 |" in (results / "results.md").read_text()
    assert (results / "cpu.svg").read_text().startswith("<svg")


def test_compare_tells_ratios(results, tmp_path):
    """Without peers there is nothing to compare with; made-up results are enough to see the arithmetic."""
    for name, ratio in (("old", 0.8), ("new", 0.6)):
        made_up = {"exchanges": {"get_64": {"ratio_to_better_peer": ratio}}}
        (tmp_path / name).write_text(json.dumps(made_up))
    done = subprocess.run([TOP / "bench/compare", tmp_path / "old", tmp_path / "new"], capture_output=True,
                          text=True)
    assert done.returncode == 0 and "0.750" in done.stdout
    bad = subprocess.run([TOP / "bench/compare", results / "results.md", tmp_path / "new"],
                         capture_output=True, text=True)
    assert bad.returncode != 0 and "is not a result of bench/run" in bad.stderr


def test_an_unknown_scenario_is_named():
    done = subprocess.run([TOP / "bench/run", "get_65"], capture_output=True, text=True)
    assert done.returncode != 0 and "get_65" in done.stderr and "get_64" in done.stderr
