"""All cases against one proxy, several at a time, each on a lane of its own."""

import queue
import tempfile
import threading

from exercise import differences, run

SILENCE = 1.2  # Seconds without a byte on either side after which a peer is taken to be done.
LONG_SILENCE = 6.0  # What Sluice gets before a case counts as failed: a busy machine is not a finding.


def run_one(case, proxy, lane):
    outcome = run(case, proxy, lane, SILENCE)
    if proxy.name == "sluice" and differences(case, outcome):
        outcome = run(case, proxy, lane, LONG_SILENCE)
    return outcome


def run_all(make_proxy, cases, at_the_end=lambda proxy: None):
    """{case name: outcome}; at_the_end() looks at the proxy that has seen them all."""
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        proxy = make_proxy(folder)
        try:
            workers = []
            for is_hasty in (False, True):
                waiting = queue.SimpleQueue()
                for case in cases:
                    if case.hasty == is_hasty:
                        waiting.put(case)
                workers += [threading.Thread(target=work, args=(waiting, proxy, lane, outcomes))
                            for lane in proxy.lanes if lane.is_hasty == is_hasty]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            at_the_end(proxy)
        finally:
            proxy.stop()
    missing = [case.name for case in cases if case.name not in outcomes]
    assert not missing, f"not run: {missing}"
    return outcomes


def work(waiting, proxy, lane, outcomes):
    while True:
        try:
            case = waiting.get_nowait()
        except queue.Empty:
            return
        outcomes[case.name] = run_one(case, proxy, lane)
