"""A real Docker Engine that is stopped, goes on, ends and comes back, while the agent goes on with everything else.

The engine is this test's own, beside the one the other tests share: it may not be taken from them.
"""

import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import unittest

from support import DEADLINE_S, Agent, Case, Program, output_of, wait_for

SILENT = "no answer within 10 s"


class Engine(Program):
    """dockerd with folders, a socket and a containerd namespace of its own, and no network to leave behind."""

    def __init__(self, folder):
        super().__init__("dockerd", folder)
        # Not in the test's folder: the path of a socket must be shorter than 108 bytes.
        self.folder = tempfile.mkdtemp(prefix="neon-engine-", dir="/tmp")
        self.host = f"unix://{self.folder}/docker.sock"

    def start(self):
        folders = {"data-root": "data", "exec-root": "run", "pidfile": "pid"}
        options = [word for option, name in folders.items() for word in (f"--{option}", f"{self.folder}/{name}")]
        options += ["--host", self.host, "--bridge", "none", "--iptables=false", "--ip-masq=false"]
        options += ["--containerd-namespace", "neon-test", "--containerd-plugins-namespace", "neon-test-plugins"]
        # In a network namespace of its own: an engine without a bridge takes docker0 away, which is the other engine's.
        self.launch(["unshare", "--net", "dockerd", *options], dict(os.environ), self.folder)
        wait_for("the engine to answer", self._up)

    def _up(self):
        if not self.running():
            raise AssertionError("the engine ended:\n" + self.output())
        return subprocess.run(self.client("info"), capture_output=True, timeout=DEADLINE_S).returncode == 0

    def client(self, *command):
        return ["docker", "--host", self.host, *command]

    def create_container(self):
        """One that never runs: it is listed all the same. Its image is one empty file."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("empty"))
        importing = self.client("import", "-", "neon-test/empty")
        subprocess.run(importing, input=content.getvalue(), check=True, capture_output=True, timeout=DEADLINE_S)
        output_of(*self.client("create", "--network", "none", "neon-test/empty", "/empty"))

    def signal(self, number):
        self.process.send_signal(number)

    def dispose(self):
        if self.running():
            self.signal(signal.SIGCONT)  # one that is stopped would not end
            try:
                self.end(deadline_s=DEADLINE_S)
            except subprocess.TimeoutExpired:
                super().dispose()
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            below = [line.split()[4] for line in mounts if line.split()[4].startswith(self.folder + "/")]
        for mount in reversed(below):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder)


@unittest.skipUnless(os.geteuid() == 0, "*** SKIPPED: starting an engine of one's own takes root ***")
class HangingEngine(Case):
    def setUp(self):
        super().setUp()
        self.master.start()
        self.engine = self.own(Engine(self.folder))
        self.engine.start()
        self.engine.create_container()

    def test_an_engine_that_is_stopped_or_restarts_costs_its_containers_alone(self):
        agent = self.agent(DOCKER_HOST=self.engine.host)
        server_id = self.registered(agent)
        wait_for("the container", lambda: len(self.master.containers(server_id)) == 1)

        self.engine.signal(signal.SIGSTOP)
        wait_for("the report to name the engine", lambda: self.engine_error(server_id) == SILENT)
        agent.wait_line(Agent.COLLECTED, agent.collected() + 3)
        self.assertEqual(self.engine_error(server_id), SILENT)
        self.engine.signal(signal.SIGCONT)
        self.wait_swept(agent, server_id)

        self.assertEqual(self.engine.end(deadline_s=DEADLINE_S), 0)
        gone = ("there is no socket", "no engine listens on the socket")
        wait_for("the report to say that it is gone", lambda: self.engine_error(server_id) in gone)
        self.engine.start()
        self.wait_swept(agent, server_id)
        self.assertEqual(len(self.master.containers(server_id)), 1)
        self.assertEqual(agent.end(), 0)

    def engine_error(self, server_id):
        """What the newest sample says of the engine."""
        latest = self.master.get(f"/api/servers/{server_id}/metrics/latest")
        sources = {source["source"]: source for source in latest["readings"]["agent"]["sources"]}
        return sources.get("docker", {}).get("error")

    def wait_swept(self, agent, server_id):
        """Until a sweep has gone well that began after now."""
        agent.wait_line(Agent.CONTAINERS, len(agent.lines(Agent.CONTAINERS)) + 1)
        wait_for("the report to be well again", lambda: self.engine_error(server_id) is None)


if __name__ == "__main__":
    unittest.main()
