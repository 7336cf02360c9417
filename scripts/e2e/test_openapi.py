"""Whether a master does what its OpenAPI document says, asked by schemathesis.

It makes requests of the document, good ones and bad ones, and looks whether each answer is one that is in there. A new route
is asked as soon as it is in the document. Each check is on; schemathesis.toml says what is let through, and why.

The seed is the same each time, so that a change is not held up by what it has not brought in. For finding:
NEON_SCHEMATHESIS_SEED=… NEON_SCHEMATHESIS_EXAMPLES=500 python3 -B -m unittest discover -s scripts/e2e -p test_openapi.py
"""

import base64
import collections
import contextlib
import datetime
import hmac
import json
import os
import sqlite3
import struct
import subprocess
import time
import unittest

from support import JWT_SECRET, SECRET, Case, request, required

HERE = os.path.dirname(os.path.abspath(__file__))
READINGS = os.path.join(HERE, "../../master/tests/fixtures/readings.json")
# That of the document's example, so that one login of the admin's succeeds.
ADMIN_PASSWORD = "what-only-the-admin-knows"
# Logs in for the requests, whatever becomes of the admin's password and of other users.
TESTER = "tester"
# No document can know what these ask for; the master's tests have them go well.
UNKNOWABLE = {
    "DELETE /api/account/sessions/{id}",  # the name of a session
    "POST /api/servers/{id}/merge",  # a server that is offline
    "GET /api/login/oidc",  # a provider
    "GET /api/login/oidc/callback",  # what it answers
    "POST /api/account/second-factor/confirm",  # a code of this half minute
}
# Those who ask these have a second factor.
WITH_SECOND_FACTOR = {"/api/account/second-factor/off", "/api/account/second-factor/recovery-codes"}
# What takes something away comes last, and answers that are all 404 show that nothing was there.
DESTRUCTIVE = ["--include-method", "DELETE"]
OTHERS = ["--exclude-method", "DELETE"]
# And this before it, while there are servers.
OF_A_SERVER = "DELETE /api/servers/{id}/credential"


def totp(secret):
    """RFC 6238, as an authenticator does it."""
    key, step = base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(key, step, "sha1").digest()
    start = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, start)[0] & 0x7FFFFFFF) % 1_000_000:06}"


class OpenApi(Case):
    def setUp(self):
        super().setUp()
        self.master.password = self.master.env["ADMIN_PASSWORD"] = ADMIN_PASSWORD
        self.master.env["MAX_REQUESTS_PER_SECOND"] = "0"  # it is as fast as it can be
        self.master.start()
        # The second one, by its number, is who the examples take a second factor away from.
        self.enrol(self.session_of_new("somebody"))
        self.leave_room_for_users()
        self.add_admin(TESTER)
        self.tokens = [self.server(f"web-{number}") for number in range(1, 4)]
        # Each route that changes whoever asks is asked by a user of its own.
        paths = {label.split(" ")[1] for label in self.operations() if " /api/account/" in label}
        self.sessions = {path: self.session_of_new(f"user-{number}") for number, path in enumerate(sorted(paths))}
        for path in WITH_SECOND_FACTOR:
            self.enrol(self.sessions[path])
        # As many as the examples of the document ask for, and some more.
        cookie = self.master.login()
        for number in range(3):
            body = {"name": f"program {number}", "scope": "write"}
            status, _ = request("POST", self.master.url + "/api/tokens", body, {"Cookie": cookie, "X-Neon-Request": "1"})
            self.assertEqual(status, 200)

    def leave_room_for_users(self):
        """So that no number that is made up is one of those who ask."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.master.data, "neon.db"))) as database, database:
            database.execute("UPDATE sqlite_sequence SET seq = 1000000007 WHERE name = 'users'")

    def add_admin(self, name):
        added = subprocess.run(
            [required("NEON_MASTER_BIN"), "user", "add", name, "admin"],
            env=self.master.env, cwd=self.folder, input=ADMIN_PASSWORD + "\n", text=True, capture_output=True, timeout=60,
        )
        self.assertEqual(added.returncode, 0, added.stderr)

    def enrol(self, cookie):
        """Turns the second factor of this session's user on."""
        headers = {"Cookie": cookie, "X-Neon-Request": "1"}
        url = self.master.url + "/api/account/second-factor"
        status, begun = request("POST", url, {"password": ADMIN_PASSWORD}, headers)
        self.assertEqual(status, 200, begun)
        status, confirmed = request("POST", url + "/confirm", {"code": totp(begun["secret"])}, headers)
        self.assertEqual(status, 200, confirmed)

    def session_of_new(self, name):
        self.add_admin(name)
        return self.master.login(name)

    def server(self, name):
        """Its token; it has an hour of samples with all readings, and the document's containers."""
        with open(os.path.join(HERE, "../../master/src/http/examples.json"), encoding="utf-8") as file:
            examples = json.load(file)["operations"]
        with open(READINGS, encoding="utf-8") as file:
            readings = json.load(file)
        registration = {**examples["POST /api/agent/register"]["request"], "serverName": name}
        status, answer = request("POST", self.master.url + "/api/agent/register", registration, {"X-Agent-Secret": SECRET})
        self.assertEqual(status, 200)
        headers = {"Authorization": f"Bearer {answer['data']['token']}"}
        sample = examples["POST /api/agent/metrics"]["request"]["metrics"][0]
        now = datetime.datetime.now(datetime.timezone.utc)
        times = [now - datetime.timedelta(minutes=5 * number) for number in range(12)]
        samples = [{**sample, "timestamp": time.isoformat(timespec="milliseconds"), "readings": readings} for time in times]
        for path, body in [("metrics", {"metrics": samples}), ("containers", examples["POST /api/agent/containers"]["request"])]:
            status, stored = request("POST", f"{self.master.url}/api/agent/{path}", body, headers)
            self.assertEqual((status, stored), (200, {"success": True}), path)
        return answer["data"]["token"]

    def ask(self, name, user, arguments):
        """Runs schemathesis as somebody, and returns how often which status came for which operation."""
        answers = os.path.join(self.folder, f"answers-{name}")
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
            "PYTHONPATH": HERE,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NEON_TEST_URL": self.master.url,
            "NEON_TEST_USER": user,
            "NEON_TEST_PASSWORD": ADMIN_PASSWORD,
            "NEON_TEST_SESSIONS": json.dumps(self.sessions),
            "NEON_TEST_AGENT_SECRET": SECRET if user else "",
            "NEON_TEST_AGENT_TOKEN": self.tokens[0] if user else "",
            "NEON_TEST_ANSWERS": answers,
        }
        command = [
            required("NEON_SCHEMATHESIS"), "--config-file", os.path.join(HERE, "schemathesis.toml"), "run",
            self.master.url + "/openapi.json", "--no-color", "--warnings", "off",
            "--seed", os.environ.get("NEON_SCHEMATHESIS_SEED", "1"),
            *arguments,
        ]
        ran = subprocess.run(command, env=environment, cwd=self.folder, text=True, capture_output=True, check=False)
        statuses = collections.defaultdict(collections.Counter)
        with open(answers, encoding="utf-8") as lines:
            for label, status in map(json.loads, lines):
                statuses[label][status] += 1
        print(f"{name}: {sum(map(sum, (counts.values() for counts in statuses.values())))} answers of {len(statuses)} operations")
        for label in sorted(statuses):
            print(f"  {label:<45} " + " ".join(f"{status}×{count}" for status, count in sorted(statuses[label].items())))
        # The sentences of an answer and the request that it came to are in there.
        self.assertEqual(ran.returncode, 0, f"{name}:\n{ran.stdout}\n{ran.stderr}")
        return statuses

    def operations(self):
        return set(self.described())

    def streams(self):
        described = self.described().items()
        return {label for label, operation in described if "text/event-stream" in operation["responses"].get("200", {}).get("content", {})}

    def described(self):
        paths = self.master.get("/openapi.json")["paths"]
        # Where it has the document from schemathesis does not ask again.
        del paths["/openapi.json"]
        return {f"{method.upper()} {path}": operation for path, methods in paths.items() for method, operation in methods.items()}

    def test_every_answer_is_in_the_document(self):
        examples = os.environ.get("NEON_SCHEMATHESIS_EXAMPLES", "10")
        streams = sorted(self.streams())
        # An answer without end is waited for without end; tests of the master read them.
        without_streams = [argument for label in streams for argument in ("--exclude-name", label)]
        as_admin = self.ask("as admin", TESTER, [*OTHERS, *without_streams, "-n", examples])
        # Nobody gets anything to ask on with, so each operation by itself is enough.
        as_nobody = self.ask("as nobody", "", ["-n", examples, "--phases", "examples,fuzzing"])
        each = ["-n", examples, "--phases", "examples,coverage,fuzzing"]
        of_a_server = self.ask("as admin, of a server", TESTER, ["--include-name", OF_A_SERVER, *each])
        at_last = self.ask("as admin, at last", TESTER, [*DESTRUCTIVE, "--exclude-name", OF_A_SERVER, *each])

        self.assertEqual(set(as_admin) | set(of_a_server) | set(at_last) | set(streams), self.operations())
        self.assertEqual(set(as_nobody), self.operations())
        for label, statuses in {**as_admin, **of_a_server, **at_last}.items():
            went_well = any(200 <= status < 300 for status in statuses)
            self.assertTrue(went_well or label in UNKNOWABLE, f"{label} never went well: {statuses}")
        self.assertTrue(self.master.running())
        for secret in (ADMIN_PASSWORD, JWT_SECRET, SECRET):
            self.assertNotIn(secret, self.master.output())


if __name__ == "__main__":
    unittest.main()
