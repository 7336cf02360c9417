"""A proxy before the real engine's socket that forbids one path: that costs what the path gives, and nothing else."""

import http.client
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import unittest

from support import DEADLINE_S, required

PATHS = {
    "info": r"/info",
    "images": r"/images/json",
    "list": r"/containers/json",
    "details": r"/containers/[0-9a-f]{64}/json",
}


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's own socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(required("DOCKER_HOST").removeprefix("unix://"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.asked.append(path)
        allowed = any(name != self.server.forbidden and re.fullmatch(pattern, path) for name, pattern in PATHS.items())
        status, body = self.engine() if allowed else (403, b"<html>Forbidden</html>")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def engine(self):
        call = EngineConnection("engine")
        call.request("GET", self.path, headers={"Host": "engine"})
        answer = call.getresponse()
        body = answer.read()
        call.close()
        return answer.status, body

    def __getattr__(self, name):
        if name.startswith("do_"):  # any other method
            self.server.asked.append(f"{self.command} {self.path}")
        raise AttributeError(name)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"


class SocketProxy(socketserver.ThreadingUnixStreamServer):
    """What an operator would take a ready-made one for: GET, four paths, or here three of them."""

    daemon_threads = True

    def __init__(self, path, forbidden):
        self.asked, self.forbidden = [], forbidden
        super().__init__(path, Handler)


class Forbidden(unittest.TestCase):
    def report(self, forbidden):
        """What `--once` prints behind a proxy that forbids one path, and what it asked."""
        folder = tempfile.mkdtemp(prefix="neon-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "docker.sock")
        with SocketProxy(path, forbidden) as proxy:
            thread = threading.Thread(target=proxy.serve_forever)
            thread.start()
            try:
                ended = subprocess.run([required("NEON_AGENT_BIN"), "--once"], env={"DOCKER_HOST": f"unix://{path}"},
                                       capture_output=True, check=True, timeout=DEADLINE_S)
            finally:
                proxy.shutdown()
                thread.join()
        report = json.loads(ended.stdout)
        docker = next(source for source in report["metrics"]["readings"]["agent"]["sources"] if source["source"] == "docker")
        return report, docker.get("error"), proxy.asked

    def test_the_four_paths_are_all_it_needs(self):
        report, error, asked = self.report(None)
        self.assertIsNone(error)
        self.assertTrue(report["serverInfo"]["dockerVersion"])
        web = self.web(report)
        self.assertTrue(web["startedAt"] and web["imageTags"] and web["health"])
        self.assertEqual([path for path in asked if not any(re.fullmatch(pattern, path) for pattern in PATHS.values())], [])

    def test_without_info_the_version_is_missing(self):
        report, error, _ = self.report("info")
        self.assertIsNone(report["serverInfo"]["dockerVersion"])
        self.assertIsNone(error)
        self.assertTrue(self.web(report)["startedAt"])

    def test_without_images_the_tags_are_missing(self):
        report, error, _ = self.report("images")
        self.assertEqual(self.web(report)["imageTags"], [])
        self.assertIsNone(error)
        self.assertTrue(report["serverInfo"]["dockerVersion"] and self.web(report)["startedAt"])

    def test_without_details_the_list_stands_in(self):
        report, _, _ = self.report("details")
        web = self.web(report)
        self.assertIsNone(web["startedAt"])
        self.assertEqual((web["status"], web["health"]), ("running", "healthy"))
        self.assertTrue(web["imageTags"] and web["networks"] and report["serverInfo"]["dockerVersion"])

    def test_without_the_list_the_host_is_reported_all_the_same(self):
        report, error, _ = self.report("list")
        self.assertNotIn("containers", report)
        self.assertIn("403", error)
        self.assertTrue(report["serverInfo"]["dockerVersion"])
        self.assertGreater(report["metrics"]["memoryPercent"], 0)

    def web(self, report):
        return next(container for container in report["containers"] if container["name"] == "neon-test-web")


if __name__ == "__main__":
    unittest.main()
