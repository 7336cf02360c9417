"""A missing or bad setting stops the start with exit code 2 and one line that names it."""

import subprocess
import tempfile
import unittest

from support import DEADLINE_S, JWT_SECRET, SECRET, required

AGENT = {"SERVER_NAME": "host", "MASTER_URL": "http://127.0.0.1:9", "AGENT_SECRET": SECRET}
MASTER = {"AGENT_SECRET": SECRET, "JWT_SECRET": JWT_SECRET}

BAD_FOR_AGENT = {
    "MASTER_URL": "ftp://master.example.org",
    "METRICS_INTERVAL": "soon",
    "CONTAINERS_INTERVAL": "0",
    "HEARTBEAT_INTERVAL": "-1",
    "BUFFER_ENABLED": "perhaps",
    "BUFFER_MAX_SIZE": "1025",
    "RETRY_ATTEMPTS": "many",
    "RETRY_DELAY_MS": "1s",
    "HOST_ROOT": "/nonexistent",
    "DOCKER_HOST": "tcp://127.0.0.1:2375",
    "AGENT_SECRET_FILE": "/nonexistent",
}


class Configuration(unittest.TestCase):
    def refused(self, binary, env, key):
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run([required(binary)], env=env, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S)
        lines = [line for line in (ended.stdout + ended.stderr).splitlines() if key in line]
        self.assertEqual(ended.returncode, 2, ended)
        self.assertEqual(len(lines), 1, ended)
        self.assertNotIn(SECRET, ended.stdout + ended.stderr)

    def test_each_key_the_agent_requires(self):
        for key in AGENT:
            with self.subTest(key=key):
                self.refused("NEON_AGENT_BIN", {name: value for name, value in AGENT.items() if name != key}, key)

    def test_each_bad_value_the_agent_can_meet(self):
        for key, value in BAD_FOR_AGENT.items():
            with self.subTest(key=key):
                rest = {} if key == "AGENT_SECRET_FILE" else AGENT
                self.refused("NEON_AGENT_BIN", {"SERVER_NAME": "host", "MASTER_URL": "http://127.0.0.1:9", **rest, key: value}, key)

    def test_each_key_the_master_requires(self):
        for key in MASTER:
            with self.subTest(key=key):
                self.refused("NEON_MASTER_BIN", {name: value for name, value in MASTER.items() if name != key}, key)


if __name__ == "__main__":
    unittest.main()
