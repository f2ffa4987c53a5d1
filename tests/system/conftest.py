"""Fixtures, and what is shown when a test fails: the output of every gateway and origin it used."""

import pytest

from harness import BINARIES, CAPS, Gateway, Origin, ScriptedOrigin, http_config, PORTS


def pytest_report_header():
    return f"sluice: {BINARIES}" + (f", RING_CAPS_MASK={CAPS}" if CAPS else "")


class World:
    """Everything one test (or one module) started, ended in reverse order."""

    def __init__(self, folder):
        self.folder = folder
        self.gateways, self.origins, self.scripted = [], [], []

    def origin(self, name="origin", **more):
        self.origins.append(Origin(self.folder, name, **more))
        return self.origins[-1]

    def scripted_origin(self, script):
        self.scripted.append(ScriptedOrigin(script))
        return self.scripted[-1]

    def gateway(self, config, start=True, **more):
        gateway = Gateway(self.folder, config, f"gateway-{len(self.gateways)}")
        self.gateways.append(gateway)
        return gateway.start(**more) if start else gateway

    def http_gateway(self, *origins, **more):
        """A started gateway with one http listener in front of the origins; its port is `.port`."""
        port = PORTS.take()
        gateway = self.gateway(http_config(port, *origins, **more))
        gateway.port = port
        return gateway

    def end(self):
        for gateway in reversed(self.gateways):
            gateway.destroy()
        for origin in self.origins:
            origin.kill()
        for origin in self.scripted:
            origin.stop()

    def logs(self):
        for gateway in self.gateways:
            yield f"{gateway.folder.name} output", gateway.output()[-6000:]
            log = gateway.access_log_path
            if log.exists():
                yield f"{gateway.folder.name} access log", log.read_text(errors="replace")[-3000:]


@pytest.fixture
def world(tmp_path, request):
    made = World(tmp_path)
    request.node.world = made
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory, request):
    """For tests that only look at one gateway and leave it as it was."""
    made = World(tmp_path_factory.mktemp(request.module.__name__))
    request.node.world = made
    yield made
    made.end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for node in (item, item.parent):
            world = getattr(node, "world", None)
            for title, text in world.logs() if world else ():
                report.sections.append((title, text))
