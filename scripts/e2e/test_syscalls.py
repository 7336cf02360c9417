"""What the agent asks of the kernel, under strace: nothing but what docs/syscalls.md lists, and never another program."""

import json
import os
import re
import subprocess
import unittest

from proxy import Proxy, tls_for_localhost
from support import DEADLINE_S, Agent, Case, output_of, required, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# One line of strace -f: the thread, the call, its arguments as far as they stand on this line.
CALL = re.compile(r"\d+ +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)")


def documented(heading):
    """The calls of one table of docs/syscalls.md."""
    with open(os.path.join(ROOT, "docs/syscalls.md"), encoding="utf-8") as lines:
        section = lines.read().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


class Traced(Agent):
    """An agent under strace, which ends with it and hands its signals on."""

    def start(self):
        self.trace = self.log + ".strace"
        command = ["strace", "-f", "-qq", "-o", self.trace, required("NEON_AGENT_BIN")]
        self.launch(command, {"PATH": os.environ["PATH"], **self.env}, self.folder)

    def end(self, **_):
        """Ends the agent, not strace."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            agent = file.read().split()[0]
        output_of("kill", "-TERM", agent)
        return self.process.wait(DEADLINE_S)


def calls(trace):
    """(name, arguments) in order; signals and exits are no calls."""
    with open(trace, encoding="utf-8", errors="replace") as lines:
        return [match.groups() for match in map(CALL.match, lines) if match]


class SystemCalls(Case):
    def setUp(self):
        super().setUp()
        self.seen = set()
        self.tls, self.certificate = tls_for_localhost(self.folder)

    def traced(self, master_url, **changes):
        agent = self.own(Traced(self.folder, master_url, **changes))
        agent.start()
        return agent

    def once(self, *arguments, **env):
        """A run that ends by itself."""
        trace = os.path.join(self.folder, "-".join(arguments) + ".strace")
        subprocess.run(["strace", "-f", "-qq", "-o", trace, required("NEON_AGENT_BIN"), *arguments], env={"PATH": os.environ["PATH"], **env},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
        self.assert_listed(trace)

    def assert_listed(self, trace):
        made = calls(trace)
        names = [name for name, _ in made]
        self.seen |= set(names)
        self.assertEqual(set(names) - documented("The agent"), set(), f"not in docs/syscalls.md: {trace}")
        self.assertEqual([index for index, name in enumerate(names) if name.startswith("exec")], [0], "another program was started")
        forks = [arguments for name, arguments in made if name in ("clone", "clone3", "fork", "vfork") and "CLONE_THREAD" not in arguments]
        # The second half of a call that strace printed in two.
        self.assertEqual([arguments for arguments in forks if "flags=" in arguments], [], "another process was started")

    def test_start_outage_recovery_and_stop(self):
        self.master.start()
        proxy = Proxy(self.master.url, tls=self.tls)
        self.addCleanup(proxy.close)
        buffer = os.path.join(self.folder, "buffer")
        agent = self.traced(proxy.url, MASTER_CA_FILE=self.certificate, DOCKER_HOST=required("DOCKER_HOST"), BUFFER_FILE=buffer)
        server_id = self.registered(agent)
        agent.wait_line(Agent.CONTAINERS)
        wait_for("a stored sample", lambda: self.master.history(server_id))
        self.once("health")
        self.once("check", **agent.env)
        self.master.kill()
        agent.wait_line(Agent.FAILED)
        agent.wait_line(Agent.COLLECTED, agent.collected() + 2)
        self.master.start()
        wait_for("the outage to be filled in", lambda: len(self.master.history(server_id)) >= agent.collected() > 3)
        self.assertEqual(agent.end(), 0)
        self.assert_listed(agent.trace)
        print(f"{len(self.seen)} system calls: {' '.join(sorted(self.seen))}", flush=True)

    def test_a_master_without_an_address_and_runs_that_end_by_themselves(self):
        agent = self.traced("http://no-such-master.invalid:1", AGENT_SECRET="")
        self.assertEqual(agent.process.wait(DEADLINE_S), 2)
        # A damaged buffer file, which is set aside, and one that was before it.
        for name in ("buffer", "buffer.damaged-earlier"):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write("no buffer")
        agent = self.traced("http://no-such-master.invalid:1", BUFFER_FILE=os.path.join(self.folder, "buffer"))
        agent.wait_line(Agent.FAILED)
        self.assertEqual(agent.end(), 0)
        self.assert_listed(agent.trace)
        self.once("--once", DOCKER_HOST=required("DOCKER_HOST"))
        self.once("--help")
        print(f"{len(self.seen)} system calls: {' '.join(sorted(self.seen))}", flush=True)


class Lists(unittest.TestCase):
    """The same list, in the forms that container engines and systemd take."""

    def test_the_seccomp_profile_allows_what_is_listed_and_nothing_else(self):
        with open(os.path.join(ROOT, "agent/seccomp.json"), encoding="utf-8") as file:
            profile = json.load(file)
        self.assertEqual(profile["defaultAction"], "SCMP_ACT_ERRNO")
        agent, runtime = profile["syscalls"]
        self.assertEqual({rule["action"] for rule in (agent, runtime)}, {"SCMP_ACT_ALLOW"})
        self.assertEqual(set(agent["names"]), documented("The agent"))
        self.assertEqual(set(runtime["names"]), documented("The container runtime"))

    def test_the_units_filter_is_the_list(self):
        with open(os.path.join(ROOT, "agent/neon-agent.service"), encoding="utf-8") as lines:
            filters = [line.strip().split("=", 1)[1] for line in lines if line.startswith("SystemCallFilter=")]
        self.assertEqual({name for line in filters for name in line.split()}, documented("The agent"))


if __name__ == "__main__":
    unittest.main()
