"""Runs sluice-load beside the origin."""

import json
import subprocess

from proxies import BIN

LOAD_CORE = 1


def load(port, *arguments, path="/", core=LOAD_CORE):
    command = ["taskset", "-c", core, BIN / "sluice-load", f"http://127.0.0.1:{port}{path}", "--json",
               *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"sluice-load failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Background:
    """A load that goes on while something happens to the proxy; `with` waits for its end."""

    def __init__(self, port, *arguments, path="/", core=LOAD_CORE):
        command = ["taskset", "-c", core, BIN / "sluice-load", f"http://127.0.0.1:{port}{path}", "--json",
                   *arguments]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def result(self):
        return json.loads(self.process.communicate()[0])
