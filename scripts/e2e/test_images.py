"""The images of Dockerfile.agent and Dockerfile.master and both compose files, against the real engine.

scripts/test builds the images and names them in the environment.
"""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import unittest
import uuid

from host import HostChecks, network_bytes
from support import (
    ADMIN_PASSWORD, DEADLINE_S, JWT_SECRET, SECRET, Agent, Api, Case, Master, free_port, output_of, required, wait_for,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
LOCKED_DOWN = ["--memory", "16m", "--pids-limit", "16", "--security-opt", f"seccomp={ROOT}/agent/seccomp.json"]
CYCLES = 100
# Of the image as the test builds it, with glibc. The published one, with musl, takes about 2.4 MiB.
RESIDENT_MAX_BYTES = 5 << 20
NOBODY = 65534


def docker_socket():
    return required("DOCKER_HOST").removeprefix("unix://")


def socket_group():
    return str(os.stat(docker_socket()).st_gid)


def files_in(image):
    """The paths of all regular files in all layers."""
    saved = subprocess.run(["docker", "save", image], check=True, capture_output=True, timeout=DEADLINE_S).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        layers = [tarfile.open(fileobj=archive.extractfile(name)) for name in manifest[0]["Layers"]]
        return [member.name.removeprefix("./") for layer in layers for member in layer if member.isreg()]


locked_down = None


def setUpModule():
    """The agent that is to run for a hundred cycles begins now; the test that asks for them comes last."""
    global locked_down
    locked_down = Deployment(unittest.addModuleCleanup)
    locked_down.start(
        "agent", *LOCKED_DOWN, "--group-add", socket_group(), "-v", f"{docker_socket()}:/var/run/docker.sock:ro", "-v", "/:/host:ro",
        "--restart", "unless-stopped", "--health-interval", "1s", "-e", "HOST_ROOT=/host", "-e", "SERVER_NAME=locked-down",
        "-e", "MASTER_URL=http://master:3000", "-e", f"AGENT_SECRET={SECRET}", "-e", "METRICS_INTERVAL=1", "-e", "HEARTBEAT_INTERVAL=1",
        "-e", "CONTAINERS_INTERVAL=5", "-e", "RETRY_DELAY_MS=100", required("NEON_AGENT_IMAGE"),
    )


class Image(unittest.TestCase):
    def test_it_holds_the_binary_alone_and_names_a_user_without_rights(self):
        for variable, binary in (("NEON_AGENT_IMAGE", "neon-agent"), ("NEON_MASTER_IMAGE", "neon-master")):
            with self.subTest(image=binary):
                image = json.loads(output_of("docker", "inspect", required(variable)))[0]
                self.assertEqual(files_in(required(variable)), [binary])
                self.assertEqual(image["Config"]["User"], f"{NOBODY}:{NOBODY}")
                print(f"{binary} image: {image['Size'] / 1e6:.2f} MB", flush=True)


class Deployment:
    """A master and what reports to it, in containers on a network of their own, started as the README says."""

    def __init__(self, add_cleanup):
        self.addCleanup = add_cleanup
        self.tag = "neon-test-" + uuid.uuid4().hex[:8]
        self.addCleanup(subprocess.run, ["docker", "network", "rm", self.tag], stdout=subprocess.DEVNULL)
        output_of("docker", "network", "create", self.tag)
        # The master's database, on this side too: the API does not show every column.
        folder = tempfile.TemporaryDirectory(prefix="neon-e2e-")
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, "data")
        os.mkdir(self.data)
        os.chown(self.data, NOBODY, NOBODY)
        port = free_port()
        self.start("master", "-p", f"127.0.0.1:{port}:3000", "-v", f"{self.data}:/data", "-e", f"AGENT_SECRET={SECRET}",
                   "-e", f"JWT_SECRET={JWT_SECRET}", "-e", f"ADMIN_PASSWORD={ADMIN_PASSWORD}", required("NEON_MASTER_IMAGE"))
        self.api = Api(f"http://127.0.0.1:{port}", ADMIN_PASSWORD)
        wait_for("the master's container to answer", self.api.answers)

    def start(self, name, *arguments):
        """Runs a container that the network knows by this name."""
        self.addCleanup(self.remove, f"{self.tag}-{name}")
        output_of("docker", "run", "-d", "--name", f"{self.tag}-{name}", "--network", self.tag, "--network-alias", name, *HARDENED, *arguments)

    def remove(self, container):
        output_of("docker", "rm", "-f", "-v", container)

    def log_has(self, container, line):
        return line in self.logs(container).splitlines()

    def logs(self, container):
        return output_of("docker", "logs", f"{self.tag}-{container}")


class Deployed(HostChecks, unittest.TestCase):
    def setUp(self):
        self.deployment = Deployment(self.addCleanup)
        self.api, self.start, self.logs = self.deployment.api, self.deployment.start, self.deployment.logs
        self.tag, self.data, self.log_has = self.deployment.tag, self.deployment.data, self.deployment.log_has

    def test_the_agent_finds_its_master_by_name_and_reports_the_host(self):
        before = network_bytes()
        self.start(
            "agent", "--group-add", socket_group(), "-v", f"{docker_socket()}:/var/run/docker.sock:ro", "-v", "/:/host:ro",
            "-e", "HOST_ROOT=/host", "-e", "SERVER_NAME=in-a-container", "-e", "MASTER_URL=http://master:3000",
            "-e", f"AGENT_SECRET={SECRET}", "-e", "METRICS_INTERVAL=1", "-e", "CONTAINERS_INTERVAL=1", required("NEON_AGENT_IMAGE"),
        )
        server = wait_for("metrics from the container", lambda: self.api.with_metrics("in-a-container"))
        self.assertTrue(self.log_has("agent", f"[Client] Registered successfully (serverId: {server['id']})"), self.logs("agent"))
        self.assert_is_this_host(server)
        wait_for("the same containers here and there", lambda: self.containers_agree(server["id"]))
        self.assert_network(before, network_bytes())
        self.assertNotIn(SECRET, self.logs("agent"))

    def assert_network(self, before, after):
        """The container's own interface has seen next to nothing; the host's counters lie between two readings of ours."""
        for counter, name in enumerate(("network_rx_bytes", "network_tx_bytes")):
            with sqlite3.connect(f"file:{self.data}/neon.db?mode=ro", uri=True) as database:
                first, last = database.execute(f"SELECT min({name}), max({name}) FROM metrics").fetchone()
            self.assertTrue(before[counter] <= first <= last <= after[counter], (name, before, first, last, after))

    def test_a_stop_ends_the_agent_with_exit_code_0(self):
        self.start("agent", "-e", "SERVER_NAME=short", "-e", "MASTER_URL=http://master:3000", "-e", f"AGENT_SECRET={SECRET}",
                   required("NEON_AGENT_IMAGE"))
        wait_for("the agent to run", lambda: self.log_has("agent", "[Agent] Running. Press Ctrl+C to stop."))
        self.assertTrue(self.log_has("agent", "[Scheduler] Docker is not available"), self.logs("agent"))
        output_of("docker", "stop", "-t", "5", f"{self.tag}-agent")
        self.assertEqual(output_of("docker", "inspect", "-f", "{{.State.ExitCode}}", f"{self.tag}-agent").strip(), "0")


class Compose(HostChecks, Case):
    """The compose files as they are, with the test's images by their variables."""

    def setUp(self):
        super().setUp()
        self.project = "neon-test-" + uuid.uuid4().hex[:8]
        self.settings = {
            "AGENT_SECRET": SECRET,
            "JWT_SECRET": JWT_SECRET,
            "POSTGRES_PASSWORD": uuid.uuid4().hex,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "DOCKER_GID": socket_group(),
            "DOCKER_SOCKET": docker_socket(),
            "MASTER_PORT": str(free_port()),
            "METRICS_INTERVAL": "1",
            "CONTAINERS_INTERVAL": "1",
            "AGENT_IMAGE": required("NEON_AGENT_IMAGE"),
            "MASTER_IMAGE": required("NEON_MASTER_IMAGE"),
            "POSTGRES_IMAGE": required("NEON_POSTGRES_IMAGE"),
        }

    def compose(self, file, *arguments):
        """Runs compose with the settings in an env file, as an operator has them in .env."""
        path = os.path.join(self.folder, "settings.env")
        with open(path, "w", encoding="utf-8") as env:
            env.writelines(f"{key}={value}\n" for key, value in self.settings.items())
        command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        # Nothing of this process's environment may fill in for a setting.
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "DOCKER_HOST")}
        return subprocess.run(
            [*command, "-p", self.project, "--env-file", path, "-f", os.path.join(ROOT, file), *arguments],
            env=kept, cwd=self.folder, capture_output=True, text=True, timeout=3 * DEADLINE_S,
        )

    def up(self, file):
        self.addCleanup(self.down, file)
        started = self.compose(file, "up", "-d", "--no-build")
        self.assertEqual(started.returncode, 0, started.stdout + started.stderr)

    def down(self, file):
        logs = self.compose(file, "logs", "--tail", "20").stdout
        ended = self.compose(file, "down", "-v", "-t", "5")
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr + logs)

    def test_master_postgres_and_agent_come_up_together(self):
        self.settings["SERVER_NAME"] = "compose-host"
        self.up("compose.yaml")
        self.api = Api(f"http://127.0.0.1:{self.settings['MASTER_PORT']}", ADMIN_PASSWORD)
        server = wait_for("the server of the agent", lambda: self.api.answers() and self.api.with_metrics("compose-host"), 2 * DEADLINE_S)
        self.assert_is_this_host(server)
        wait_for("the same containers here and there", lambda: self.containers_agree(server["id"]))

    def test_the_agent_alone_reports_to_a_master_elsewhere(self):
        # The host's own address on the default bridge: loopback is not reachable from the container.
        gateway = output_of("docker", "inspect", "-f", "{{.NetworkSettings.Gateway}}", "neon-test-web").strip()
        self.api = self.own(Master(self.folder, host=gateway, password=ADMIN_PASSWORD))
        self.api.start()
        self.settings |= {"SERVER_NAME": "lone-host", "MASTER_URL": self.api.url}
        self.up("agent/compose.yaml")
        server = wait_for("the server of the agent", lambda: self.api.with_metrics("lone-host"))
        self.assert_is_this_host(server)

    def test_each_missing_setting_is_named(self):
        required_by = {
            "compose.yaml": ["AGENT_SECRET", "JWT_SECRET", "POSTGRES_PASSWORD", "ADMIN_PASSWORD", "DOCKER_GID"],
            "agent/compose.yaml": ["SERVER_NAME", "MASTER_URL", "AGENT_SECRET", "DOCKER_GID"],
        }
        self.settings |= {"SERVER_NAME": "host", "MASTER_URL": "http://master.example.org"}
        for file, keys in required_by.items():
            for key in keys:
                with self.subTest(file=file, key=key):
                    value = self.settings.pop(key)
                    refused = self.compose(file, "config")
                    self.settings[key] = value
                    self.assertNotEqual(refused.returncode, 0)
                    self.assertIn(f"set {key} in .env", refused.stderr)


class LockedDown(unittest.TestCase):
    """The agent that setUpModule started: read-only, without capabilities, 16 MiB, 16 processes, our own seccomp profile.

    The last class by name, so that most of its cycles have passed while the others ran.
    """

    def state(self):
        return json.loads(output_of("docker", "inspect", f"{locked_down.tag}-agent"))[0]

    def wait_health(self, status):
        # Generous: an agent that has lost its master pauses longer each time, before it notices that it is back.
        wait_for(f"the engine to say {status}", lambda: self.state()["State"]["Health"]["Status"] == status, 3 * DEADLINE_S)
        said = self.state()["State"]["Health"]["Log"]
        print(f"{status}: {said[-1]['Output'].strip()}", flush=True)
        self.assertTrue(any("process 1 " in entry["Output"] for entry in said), said)

    def test_health_follows_the_master(self):
        self.wait_health("healthy")
        output_of("docker", "stop", "-t", "5", f"{locked_down.tag}-master")
        self.wait_health("unhealthy")
        output_of("docker", "start", f"{locked_down.tag}-master")
        self.wait_health("healthy")

    def test_check_finds_nothing_wrong_from_inside(self):
        # As the README says; output_of fails where the exit code is not 0.
        said = output_of("docker", "exec", f"{locked_down.tag}-agent", "/neon-agent", "check")
        for step in ("secret", "clock", "docker", "readings"):
            self.assertRegex(said, rf"(?m)^ok +{step} ")

    def test_it_works_through_a_hundred_cycles(self):
        def stored():
            server = locked_down.api.server("locked-down")
            return len(locked_down.api.history(server["id"])) >= CYCLES and server["id"]

        server_id = wait_for(f"{CYCLES} stored samples", stored, 3 * DEADLINE_S)
        state = self.state()
        self.assertEqual((state["RestartCount"], state["State"]["Status"], state["State"]["OOMKilled"]), (0, "running", False))
        limits = state["HostConfig"]
        self.assertEqual((limits["Memory"], limits["PidsLimit"], limits["ReadonlyRootfs"], limits["CapDrop"]), (16 << 20, 16, True, ["ALL"]))
        own = locked_down.api.get(f"/api/servers/{server_id}/metrics/latest")["readings"]["agent"]
        print(f"locked down, after {CYCLES} cycles: {own['residentBytes'] >> 10} KiB resident, {own['anonymousBytes'] >> 10} KiB anonymous", flush=True)
        self.assertLess(own["residentBytes"], RESIDENT_MAX_BYTES)
        self.assertEqual(own["samplesDroppedTotal"], 0)
        self.assertEqual([source for source in own["sources"] if "error" in source], [], "something is out of its sight")
        self.assertTrue(locked_down.api.containers(server_id), "it sees the engine's containers")


if __name__ == "__main__":
    unittest.main()
