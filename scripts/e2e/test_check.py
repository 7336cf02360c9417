"""`neon-agent check` and the agent itself against the real master, with TLS made by the commands of the README."""

import os
import re
import shlex
import subprocess
import time
import unittest

from support import DEADLINE_S, Agent, Case, output_of, required, wait_for

README = os.path.join(os.path.dirname(__file__), "../../README.md")
STEPS = ["configuration", "name", "tcp", "tls", "secret", "clock", "docker", "containers", "host", "readings", "buffer", "memory cgroup"]


class Check(Case):
    def check(self, agent, **changes):
        """(exit code, {step: [(verdict, words)]}) of a check with the environment of an agent."""
        command, env = [required("NEON_AGENT_BIN"), "check"], {**agent.env, **changes}
        started = time.monotonic()
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertLess(time.monotonic() - started, 30, "every step has a deadline")
        self.assertNotIn(env["AGENT_SECRET"], ended.stdout + ended.stderr)
        steps = {}
        for line in ended.stdout.splitlines():
            verdict, step, words = re.fullmatch(r"(ok|warn|fail) +(\S+(?: \S+)?)  +(.*)", line).groups()
            steps.setdefault(step, []).append((verdict, words))
        return ended.returncode, steps

    def setUp(self):
        super().setUp()
        self.candidate = Agent(self.folder, self.master.url, DOCKER_HOST=os.environ.get("DOCKER_HOST", ""))

    def test_a_good_deployment_passes_and_nothing_is_registered(self):
        self.master.start()
        code, steps = self.check(self.candidate)
        self.assertEqual(code, 0, steps)
        self.assertEqual([verdict for verdict, _ in steps["secret"] + steps["clock"]], ["ok", "ok"], steps)
        self.assertEqual(steps["clock"][0][1], "within 1 s of the master's")
        self.assertNotIn("tls", steps)
        self.assertEqual(self.master.get("/api/servers"), [])

    def test_a_wrong_secret_fails(self):
        self.master.start()
        code, steps = self.check(self.candidate, AGENT_SECRET="not-the-masters")
        self.assertEqual(code, 1)
        self.assertEqual([step for step, said in steps.items() if said[0][0] == "fail"], ["secret"], steps)
        self.assertIn("Invalid or missing agent secret", steps["secret"][0][1])

    def test_http_and_https_mixed_up_are_said(self):
        self.master.start()
        code, steps = self.check(self.candidate, MASTER_URL=self.master.url.replace("http", "https"))
        self.assertEqual((code, steps["tls"][0][0]), (1, "fail"), steps)
        self.assertIn("TLS", steps["tls"][0][1])

    def test_tls_as_the_readme_makes_it(self):
        for command in openssl_commands():
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=DEADLINE_S)
        fingerprint = subprocess.run(
            ["openssl", "x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256"],
            cwd=self.folder, check=True, capture_output=True, text=True,
        ).stdout.strip().split("=")[1]
        # The names in the README are not ours, so this master is reached by its address.
        self.start_with_tls("selfsigned.pem", "selfsigned.key")
        url = self.master.url.replace("http", "https")
        by_itself = {"MASTER_CA_FILE": os.path.join(self.folder, "selfsigned.pem")}
        code, steps = self.check(self.candidate, MASTER_URL=url, **by_itself)
        self.assertEqual(code, 1, steps)
        self.assertIn("is for neon.example.org, 10.0.0.5, not for 127.0.0.1", steps["tls"][0][1])
        self.master.end()
        self.start_with_tls("cert.pem", "key.pem")
        code, steps = self.check(self.candidate, MASTER_URL=url, MASTER_CERT_SHA256=fingerprint)
        self.assertEqual(code, 0, steps)
        self.assertIn("trusted by MASTER_CERT_SHA256; for neon.example.org, issued by Our own CA", steps["tls"][0][1])
        self.assertRegex(steps["tls"][0][1], r"\(82[45] days left\)")
        self.assertEqual(steps["secret"][0][0], "ok")
        self.assertEqual([step for step in STEPS if step in steps], list(steps))
        code, steps = self.check(self.candidate, MASTER_CERT_SHA256=fingerprint)
        self.assertEqual((code, steps["secret"]), (1, [("fail", "the master answers 400: This port speaks HTTPS: use https:// in the URL")]))
        # And the agent says the same.
        agent = self.own(Agent(self.folder, url, MASTER_CERT_SHA256=fingerprint))
        agent.start()
        self.registered(agent)

    def test_a_certificate_without_names_is_trusted_where_it_is_named(self):
        plain = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-subj", "/CN=neon"]
        subprocess.run(plain, cwd=self.folder, check=True, capture_output=True, timeout=DEADLINE_S)
        self.start_with_tls("c.pem", "k.pem")
        url = self.master.url.replace("http", "https")
        code, steps = self.check(self.candidate, MASTER_URL=url, MASTER_CA_FILE=os.path.join(self.folder, "c.pem"))
        self.assertEqual(code, 0, steps)
        self.assertTrue(steps["tls"][0][1].startswith("trusted by being in MASTER_CA_FILE itself; for no name, issued by neon"))

    def test_tls_as_tls_init_makes_it(self):
        printed = self.master_tls("init")
        self.assertEqual(sorted(printed), ["MASTER_CA_FILE", "MASTER_CERT_SHA256", "TLS_CERT", "TLS_KEY"])
        self.start_with_tls(printed["TLS_CERT"], printed["TLS_KEY"])
        url = self.master.url.replace("http", "https")
        by_authority = {"MASTER_URL": url, "MASTER_CA_FILE": printed["MASTER_CA_FILE"]}
        for trust, word in (
            (by_authority, "an authority in MASTER_CA_FILE"),
            ({"MASTER_URL": url, "MASTER_CERT_SHA256": printed["MASTER_CERT_SHA256"]}, "MASTER_CERT_SHA256"),
        ):
            code, steps = self.check(self.candidate, **trust)
            self.assertEqual((code, steps["tls"][0][0], steps["secret"][0][0]), (0, "ok", "ok"), steps)
            self.assertIn(f"trusted by {word}; for ", steps["tls"][0][1])
        self.assertEqual(self.check(self.candidate, MASTER_URL=url)[0], 1, "nobody else's agent trusts it")
        # A real agent goes on over a renewal, and one with the old pin does not begin.
        agent = self.own(Agent(self.folder, url, MASTER_CA_FILE=printed["MASTER_CA_FILE"]))
        agent.start()
        self.registered(agent)
        renewed = self.master_tls("renew")
        self.assertNotEqual(renewed["MASTER_CERT_SHA256"], printed["MASTER_CERT_SHA256"])
        pinned = {"MASTER_URL": url, "MASTER_CERT_SHA256": renewed["MASTER_CERT_SHA256"]}
        wait_for("the renewed certificate", lambda: self.check(self.candidate, **pinned)[0] == 0)
        self.assertEqual(self.check(self.candidate, **by_authority)[0], 0)
        code, steps = self.check(self.candidate, MASTER_URL=url, MASTER_CERT_SHA256=printed["MASTER_CERT_SHA256"])
        self.assertEqual((code, steps["tls"][0][0]), (1, "fail"), steps)

    def master_tls(self, verb):
        """What `neon-master tls` prints to be set, by key."""
        arguments = ["tls", verb, "--name", "localhost", "--ip", "127.0.0.1", "--out", os.path.join(self.folder, "tls")]
        said = output_of(required("NEON_MASTER_BIN"), *arguments)
        return dict(line.split("=", 1) for line in said.splitlines() if not line.startswith("#"))

    def start_with_tls(self, certificate, key):
        changes = {"TLS_CERT": os.path.join(self.folder, certificate), "TLS_KEY": os.path.join(self.folder, key)}
        self.master.launch([required("NEON_MASTER_BIN")], {**self.master.env, **changes}, self.folder)
        wait_for("the master to listen", self.listens)

    def listens(self):
        self.assertTrue(self.master.running(), self.master.output())
        code, steps = self.check(self.candidate, MASTER_URL=self.master.url)
        return steps["tcp"][0][0] == "ok"


def openssl_commands():
    """The commands of the README that make certificates; the self-signed one under names of its own."""
    with open(README, encoding="utf-8") as readme:
        text = readme.read().replace("\\\n", " ")
    commands = [shlex.split(line) for line in text.splitlines() if re.match(r" {4}openssl (req|x509 -req) ", line)]
    assert len(commands) == 4, commands
    names = {"key.pem": "selfsigned.key", "cert.pem": "selfsigned.pem"}
    return [[names.get(word, word) for word in commands[0]], *commands[1:]]


if __name__ == "__main__":
    unittest.main()
