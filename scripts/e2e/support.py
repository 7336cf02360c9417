"""Runs the real binaries for the end-to-end tests: a master and an agent as processes, and an HTTP client.

Waits are for states, with a deadline; nothing sleeps for a fixed time and hopes.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

DEADLINE_S = 60
POLL_S = 0.05
SECRET = "an-agent-secret-of-the-tests"
JWT_SECRET = "a-jwt-secret-of-the-tests-that-is-long-enough"
# For masters that are reached from beyond loopback, which do not start without a user.
ADMIN_PASSWORD = "an-admin-password-of-the-tests"


def required(name):
    """An environment variable that scripts/test sets; a test without it must fail, not be skipped."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set: run these tests through scripts/test")
    return value


def wait_for(what, probe, deadline_s=DEADLINE_S):
    """The first true value of probe()."""
    end = time.monotonic() + deadline_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {deadline_s} s still waiting for {what}")
        time.sleep(POLL_S)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=DEADLINE_S).stdout


def request(method, url, body=None, headers=None):
    """(status, decoded body). A client that shares no code with the agent: what another program would send."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


class Program:
    """One process whose output goes to a file."""

    def __init__(self, name, folder):
        self.log = os.path.join(folder, name + ".log")
        self.process = None

    def launch(self, command, env, cwd):
        assert self.process is None or self.process.poll() is not None, "runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=env, cwd=cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def lines(self, pattern):
        """Every match of the pattern against a whole line."""
        return [match for match in map(re.compile(pattern).fullmatch, self.output().splitlines()) if match]

    def wait_line(self, pattern, count=1):
        return wait_for(f"{count} × {pattern!r} in {self.log}", lambda: self._enough(pattern, count))

    def _enough(self, pattern, count):
        found = self.lines(pattern)
        return found if len(found) >= count else None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def end(self, signal_number=signal.SIGTERM, deadline_s=5):
        """Signals it and returns the exit code; the deadline fails the test."""
        self.process.send_signal(signal_number)
        return self.process.wait(deadline_s)

    def dispose(self):
        if self.running():
            self.process.kill()
            self.process.wait()


class Api:
    """The master's public HTTP API, for reading; as admin where a password is given, else in development mode."""

    def __init__(self, url, password=None):
        self.url = url
        self.password = password
        self.cookie = None

    def get(self, path):
        if self.password and not self.cookie:
            self.cookie = self.login()
        status, body = request("GET", self.url + path, headers={"Cookie": self.cookie} if self.cookie else None)
        assert status == 200, f"{path}: {status} {body}"
        return body

    def login(self, name="admin"):
        """The cookie of a new session."""
        body = json.dumps({"name": name, "password": self.password}).encode()
        call = urllib.request.Request(self.url + "/api/login", data=body, headers={"X-Neon-Request": "1"})
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.headers["Set-Cookie"].split(";")[0]

    def server(self, name):
        return next((server for server in self.get("/api/servers") if server["name"] == name), None)

    def history(self, server_id):
        return self.get(f"/api/servers/{server_id}/metrics/history?range=1h")["dataPoints"]

    def with_metrics(self, name):
        """The server, once metrics of it have arrived."""
        server = self.server(name)
        return server if server and server.get("cpu") is not None else None

    def containers(self, server_id):
        return self.get(f"/api/containers?serverId={server_id}")

    def answers(self):
        try:
            return self.get("/api/servers") is not None
        except OSError:
            return False


class Master(Program, Api):
    """neon-master on a free port of loopback, with SQLite in the folder or at a database URL."""

    def __init__(self, folder, database_url=None, host="127.0.0.1", password=None):
        Program.__init__(self, "master", folder)
        address = f"{host}:{free_port()}"
        Api.__init__(self, f"http://{address}", password)
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.env = {"AGENT_SECRET": SECRET, "JWT_SECRET": JWT_SECRET, "LISTEN": address, "DATA_DIR": self.data}
        # Golden samples have a date, and tests run for years.
        self.env["RETAIN_RAW_DAYS"] = "0"
        if database_url:
            self.env["DATABASE_URL"] = database_url
        if password:
            self.env["ADMIN_PASSWORD"] = password

    def start(self, **changes):
        self.launch([required("NEON_MASTER_BIN")], {**self.env, **changes}, self.folder)
        wait_for("the master to answer", self._up)

    def _up(self):
        if not self.running():
            raise AssertionError("the master ended:\n" + self.output())
        return self.answers()

    def kill(self):
        self.end(signal.SIGKILL)


class Agent(Program):
    """neon-agent on this host. Intervals of one second, and a Docker socket only where a test names one."""

    def __init__(self, folder, master_url, **changes):
        self.name = "host-" + uuid.uuid4().hex[:8]
        super().__init__(self.name, folder)
        self.folder = folder
        self.env = {
            "SERVER_NAME": self.name,
            "MASTER_URL": master_url,
            "AGENT_SECRET": SECRET,
            "METRICS_INTERVAL": "1",
            "CONTAINERS_INTERVAL": "1",
            "HEARTBEAT_INTERVAL": "1",
            "RETRY_ATTEMPTS": "2",
            "RETRY_DELAY_MS": "100",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            **changes,
        }

    def start(self):
        self.launch([required("NEON_AGENT_BIN")], self.env, self.folder)

    REGISTERED = r"\[Client\] Registered successfully \(serverId: (\d+)\)"
    COLLECTED = r"\[Scheduler\] Collected metrics: CPU (\d+(?:\.\d+)?)%, Memory (\d+(?:\.\d+)?)%"
    CONTAINERS = r"\[Scheduler\] Collected (\d+) containers"
    RUNNING = r"\[Agent\] Running\. Press Ctrl\+C to stop\."
    FAILED = r"\[Client\] Request failed \(attempt (\d+)/(\d+)\): (.+)"
    NO_DOCKER = r"\[Scheduler\] Docker is not available"

    def collected(self):
        """How many samples it says it collected."""
        return len(self.lines(self.COLLECTED))


class Case(unittest.TestCase):
    """A test with a folder, a master that is not started yet, and programs that end with it."""

    database_url = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neon-e2e-")
        self.programs = []
        self.last_lines = []
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self._dispose)
        self.master = self.own(Master(self.folder, self.database_url))

    def own(self, program):
        self.programs.append(program)
        return program

    def agent(self, **changes):
        agent = self.own(Agent(self.folder, self.master.url, **changes))
        agent.start()
        return agent

    def registered(self, agent):
        """The server id of an agent, once it has one."""
        return int(agent.wait_line(Agent.REGISTERED)[0].group(1))

    def run(self, result=None):
        """As unittest does; a failed test also shows what the programs wrote."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print("\n".join(self.last_lines), flush=True)
        return result

    def _dispose(self):
        for program in reversed(self.programs):
            program.dispose()
            if os.path.exists(program.log):
                self.last_lines += [f"--- {program.log}", *program.output().splitlines()[-40:]]


class Postgres:
    """A fresh database per test on the server of TEST_DATABASE_URL, made with psql."""

    def __init__(self):
        self.server = required("TEST_DATABASE_URL")
        self.name = "neon_e2e_" + uuid.uuid4().hex
        self.url = urllib.parse.urlsplit(self.server)._replace(path="/" + self.name).geturl()
        self._run(f"CREATE DATABASE {self.name}")

    def drop(self):
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _run(self, statement):
        output_of("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.server, "-c", statement)


class OnPostgres(Case):
    """Mixed into a case: the same tests, with a PostgreSQL database of their own."""

    def setUp(self):
        database = Postgres()
        self.addCleanup(database.drop)
        self.database_url = database.url
        super().setUp()
