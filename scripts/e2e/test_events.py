"""GET /api/events behind a real nginx that buffers and compresses whatever it may."""

import getpass
import http.client
import json
import os
import socket
import unittest
import zlib

from support import DEADLINE_S, SECRET, Case, Program, request, wait_for

# A socket in the test's folder: nobody else can have taken it.
CONFIGURATION = """
daemon off;
master_process off;
user {user};
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_types *;
    gzip_min_length 0;
    gzip_proxied any;
    proxy_buffering on;
    proxy_buffers 8 64k;
    server {{
        listen unix:{folder}/nginx.sock;
        location / {{
            proxy_pass {master};
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


class Nginx(Program):
    def __init__(self, folder, master_url):
        super().__init__("nginx", folder)
        self.folder = folder
        self.socket = os.path.join(folder, "nginx.sock")
        self.configuration = os.path.join(folder, "nginx.conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, master=master_url, user=getpass.getuser()))

    def start(self):
        # Debian keeps it where a user's PATH does not look.
        env = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        self.launch(["/usr/bin/env", "nginx", "-e", "stderr", "-p", self.folder, "-c", self.configuration], env, self.folder)
        wait_for("nginx to answer", self._up)

    def _up(self):
        if not self.running():
            raise AssertionError("nginx ended:\n" + self.output())
        connection = Connection(self.socket)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("127.0.0.1", timeout=DEADLINE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Stream:
    """An open stream; each read has the deadline of its socket."""

    def __init__(self, path, encoding, **headers):
        self.connection = Connection(path)
        self.connection.request("GET", "/api/events", headers={"Accept-Encoding": encoding, **headers})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.is_compressed = self.answer.headers["Content-Encoding"] == "gzip"
        self.unpack = zlib.decompressobj(31).decompress if self.is_compressed else bytes
        self.text = b""

    def line(self):
        while b"\n" not in self.text:
            some = self.answer.read1()
            assert some, "the stream ended"
            self.text += self.unpack(some)
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def event(self, kind, **expected):
        """Data and id of the next event of this kind that has these in its data."""
        found = last_id = None
        while True:
            field, _, value = self.line().partition(": ")
            if field == "id":
                last_id = value
            elif field == "event":
                found = value
            elif field == "data" and found == kind and expected.items() <= (data := json.loads(value)).items():
                return data, last_id


class Events(Case):
    def setUp(self):
        super().setUp()
        self.master.start()
        self.nginx = self.own(Nginx(self.folder, self.master.url))
        self.nginx.start()

    def register(self, name):
        info = {"name": name, "hostname": name, "cpuCores": 1, "totalMemoryGb": 1, "totalDiskGb": 1}
        info |= {"osName": "x", "osVersion": "x", "osKernel": "x", "osArch": "x"}
        status, body = request(
            "POST", self.master.url + "/api/agent/register", {"serverName": name, "serverInfo": info, "agentVersion": "0.1.0"},
            {"X-Agent-Secret": SECRET},
        )
        self.assertEqual(status, 200, body)
        return body["data"]["serverId"]

    def test_each_event_comes_at_once_compressed_or_not_and_the_stream_is_kept_open(self):
        for encoding in ("identity", "gzip"):
            with self.subTest(encoding=encoding):
                stream = Stream(self.nginx.socket, encoding)
                self.assertEqual(stream.is_compressed, encoding == "gzip", "nginx was asked to compress everything")
                self.assertIn("no-transform", stream.answer.headers["Cache-Control"])
                _, position = stream.event("ready")
                server_id = self.register("host-" + encoding)
                stream.event("server", id=server_id, name="host-" + encoding)
                stream.event("activity", id=f"{server_id}-1", type="online")
                stream.connection.close()

                missed = self.register("missed-" + encoding)
                again = Stream(self.nginx.socket, encoding, **{"Last-Event-ID": position})
                again.event("server", id=missed)
                again.event("ready")
                if encoding == "gzip":
                    while not again.line().startswith(":"):
                        pass
                again.connection.close()


if __name__ == "__main__":
    unittest.main()
