"""The real agent and the real master with an enrolment code: exchanged once, kept over a restart, and told from a copy."""

import json
import os
import stat
import unittest
import urllib.request

from support import ADMIN_PASSWORD, Agent, Case, Master, OnPostgres, wait_for


class Enrolment(Case):
    """The fleet's secret is off: nothing but a code lets anybody in."""

    def setUp(self):
        super().setUp()
        self.master = self.own(Master(self.folder, self.database_url, password=ADMIN_PASSWORD))
        self.master.start(FLEET_SECRET="off", AGENT_SECRET="", OFFLINE_AFTER_S="3")

    def change(self, method, path, body=None):
        headers = {"Cookie": self.master.login(), "X-Neon-Request": "1"}
        data = json.dumps(body or {}).encode()
        call = urllib.request.Request(self.master.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(call, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def host(self, number):
        """The root of a host of this number, with the kernel of this one."""
        root = os.path.join(self.folder, f"host-{number}")
        os.makedirs(os.path.join(root, "etc"), exist_ok=True)
        with open(os.path.join(root, "etc/machine-id"), "w", encoding="ascii") as file:
            file.write(f"{number:032x}\n")
        return {"HOST_ROOT": root, "HOST_PROC": "/proc", "HOST_SYS": "/sys"}

    def enrolled(self, code, number=1, **changes):
        agent = self.own(Agent(self.folder, self.master.url, AGENT_SECRET=code, **self.host(number), **changes))
        agent.env["CREDENTIAL_FILE"] = os.path.join(self.folder, agent.name + ".credential")
        return agent

    def test_a_code_is_exchanged_and_the_credential_kept(self):
        code = self.change("POST", "/api/enrolments", {"expiresInSeconds": 60})["code"]
        agent = self.enrolled(code)
        agent.start()
        server_id = self.registered(agent)
        wait_for("metrics", lambda: self.master.with_metrics(agent.name))
        self.assertEqual(self.master.get(f"/api/servers/{server_id}")["credential"], "own")
        self.assertEqual(self.master.get("/api/enrolments")[0]["serverId"], server_id)
        file = os.stat(agent.env["CREDENTIAL_FILE"])
        self.assertEqual((file.st_size, stat.S_IMODE(file.st_mode)), (300, 0o600))

        self.assertEqual(agent.end(), 0)
        agent.start()
        agent.wait_line(Agent.REGISTERED, 2)
        with open(agent.env["CREDENTIAL_FILE"], encoding="ascii") as kept:
            credential = kept.read().split()[2]
        for secret in (code, credential):
            self.assertNotIn(secret, agent.output() + self.master.output())

        # Another agent with the same code is refused in words that help, and a revoked one is out.
        other = self.enrolled(code)
        other.start()
        other.wait_line(r"\[Client\] Registration refused with 401: The enrolment code was used already.*")
        self.change("DELETE", f"/api/servers/{server_id}/credential")
        agent.wait_line(r"\[Client\] Registration refused with 401: The enrolment code was used already.*")

        # A new code is the way back.
        self.assertEqual(agent.end(), 0)
        agent.env["AGENT_SECRET"] = self.change("POST", f"/api/servers/{server_id}/credential/rotate")["code"]
        agent.start()
        agent.wait_line(Agent.REGISTERED, 3)

    def test_a_copy_is_refused_while_the_first_is_there_and_takes_over_after_it(self):
        code = self.change("POST", "/api/enrolments", {"serverName": "web-1"})["code"]
        first = self.enrolled(code, 1, SERVER_NAME="web-1")
        first.start()
        server_id = self.registered(first)
        # The whole deployment, copied to another host.
        second = self.enrolled(code, 2, SERVER_NAME="web-1")
        second.env["CREDENTIAL_FILE"] = first.env["CREDENTIAL_FILE"]
        second.start()
        second.wait_line(r"\[Client\] Registration refused with 409: Another host reports under this SERVER_NAME.*")
        rival = self.master.get(f"/api/servers/{server_id}")["rivalHost"]
        self.assertEqual(rival["ipAddress"], "127.0.0.1")
        kinds = [event["type"] for event in self.master.get("/api/activities")]
        self.assertEqual(kinds.count("host_clash"), 1)

        self.assertEqual(first.end(), 0)
        self.assertEqual(self.registered(second), server_id)
        self.assertEqual(len(second.lines(r".* 409: .*")), 1)
        self.assertNotIn("rivalHost", self.master.get(f"/api/servers/{server_id}"))
        self.assertIn("host_changed", [event["type"] for event in self.master.get("/api/activities")])


class EnrolmentOnPostgres(OnPostgres, Enrolment):
    pass


if __name__ == "__main__":
    unittest.main()
