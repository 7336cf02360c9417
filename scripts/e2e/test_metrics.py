"""`GET /metrics` as Prometheus reads it: promtool takes both forms, and the numbers are those of the API."""

import json
import os
import re
import subprocess
import unittest
import urllib.request

from support import SECRET, Case, request, required, wait_for

READINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../master/tests/fixtures/readings.json")
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
# A name with all that has a meaning in a label.
NAME = 'web "1" \\ n'


class Metrics(Case):
    NOT_SNAKE_CASE = r"node_memory_\w+_bytes metric names should be written in 'snake_case' not 'camelCase'$"

    def setUp(self):
        super().setUp()
        self.master.start()
        facts = {"name": NAME, "hostname": "host-1", "cpuCores": 8, "totalMemoryGb": 23.54, "totalDiskGb": 755.92,
                 "osName": "Debian", "osVersion": "12", "osKernel": "6.1", "osArch": "x86_64"}
        body = {"serverName": NAME, "serverInfo": facts}
        _, answer = request("POST", self.master.url + "/api/agent/register", body, {"X-Agent-Secret": SECRET})
        token = {"Authorization": f"Bearer {answer['data']['token']}"}
        with open(READINGS, encoding="utf-8") as file:
            self.readings = json.load(file)
        sample = {"timestamp": "2026-11-24T09:08:03.022Z", "cpuPercent": 14.85, "memoryPercent": 3.09, "diskPercent": 6.31,
                  "memoryUsedGb": 0.73, "memoryTotalGb": 23.54, "diskUsedGb": 47.7, "diskTotalGb": 755.92,
                  "networkRxBytes": 443323758, "networkTxBytes": 986331, "readings": self.readings}
        bad = {**sample, "timestamp": "2026-11-24T09:08:02.022Z", "cpuPercent": 140}
        status, _ = request("POST", self.master.url + "/api/agent/metrics", {"metrics": [sample, bad]}, token)
        self.assertEqual(status, 200)
        wait_for("the sample", lambda: self.master.with_metrics(NAME))

    def scrape(self, query="", accept="text/plain"):
        call = urllib.request.Request(f"{self.master.url}/metrics{query}", headers={"Accept": accept})
        with urllib.request.urlopen(call, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read().decode()

    def check(self, text):
        ran = subprocess.run([required("NEON_PROMTOOL"), "check", "metrics"], input=text, text=True, capture_output=True, timeout=60)
        # node_exporter's own names of memory, which its boards ask for, are not in the case that promtool likes.
        complaints = [line for line in (ran.stdout + ran.stderr).splitlines() if line and not re.match(self.NOT_SNAKE_CASE, line)]
        self.assertEqual(complaints, [], text)
        self.assertIn(ran.returncode, (0, 3) if "node_memory" in text else (0,), "3 is for the style, 1 for what is no text")

    def numbers(self, text):
        return dict(re.fullmatch(r"([^#].*) (\S+)", line).groups() for line in text.splitlines() if not line.startswith("#"))

    def test_promtool_takes_the_text_and_it_says_what_was_done(self):
        for query in ("", "?servers=1"):
            kind, text = self.scrape(query)
            self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
            self.check(text)
        numbers = self.numbers(text)
        self.assertEqual(numbers['neon_samples_stored_total'], "1")
        self.assertEqual(numbers['neon_samples_refused_total{reason="invalid"}'], "1")
        self.assertEqual(numbers['neon_servers{status="online"}'], "1")
        self.assertEqual(numbers['neon_http_requests_total{method="POST",route="/api/agent/metrics",status="200"}'], "1")
        self.assertEqual(numbers['neon_http_request_duration_seconds_count{method="POST",route="/api/agent/metrics"}'], "1")
        self.assertEqual(numbers['neon_ingest_batch_samples_sum'], "1")
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds", "neon_database_size_bytes"):
            self.assertGreater(float(numbers[name]), 0, name)

    def test_servers_have_their_readings_under_the_names_of_node_exporter(self):
        numbers = self.numbers(self.scrape("?servers=1")[1])
        instance = 'instance="web \\"1\\" \\\\ n"'
        mount, disk = self.readings["mounts"][0], self.readings["disks"][0]
        labels = f'{instance},device="{mount["device"]}",fstype="{mount["fsType"]}",mountpoint="{mount["mountPoint"]}"'
        for name, value in {
            f"neon_server_up{{{instance}}}": 1,
            f"node_memory_MemTotal_bytes{{{instance}}}": self.readings["memory"]["totalBytes"],
            f"node_filesystem_size_bytes{{{labels}}}": mount["totalBytes"],
            f"node_filesystem_avail_bytes{{{labels}}}": mount["availableBytes"],
            f'node_disk_io_time_seconds_total{{{instance},device="{disk["device"]}"}}': disk["busyMillisecondsTotal"] / 1000,
            f"node_load1{{{instance}}}": self.readings["load1"],
            "neon_servers_left_out": 0,
        }.items():
            self.assertAlmostEqual(float(numbers[name]), value, 6, name)
        self.assertNotIn("node_cpu_seconds_total", "\n".join(numbers))

    def test_open_metrics_is_the_same_numbers_with_an_end(self):
        for query in ("", "?servers=1"):
            kind, text = self.scrape(query, OPEN_METRICS)
            self.assertEqual(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.assertTrue(text.endswith("\n# EOF\n") and text.count("# EOF") == 1)
            # Each family is described once, and its numbers follow at once.
            family = None
            seen = set()
            for line in text.splitlines()[:-1]:
                if line.startswith("# TYPE "):
                    family, kind = line.split()[2:]
                    self.assertNotIn(family, seen)
                    self.assertIn(kind, ("counter", "gauge", "histogram", "unknown"))
                    self.assertFalse(kind == "counter" and family.endswith("_total"), family)
                    seen.add(family)
                elif not line.startswith("#"):
                    suffix = {"counter": "_total", "histogram": "_(bucket|sum|count)"}.get(kind, "")
                    self.assertRegex(line, rf"^{family}{suffix}(\{{.*\}})? \S+$")
            # promtool reads the older form alone, which this one is but for the names of counters and the end.
            older = re.sub(r"(?m)^(# (?:HELP|TYPE) \w+)( .*)$", self.as_older(text), text).removesuffix("# EOF\n")
            self.check(older.replace(" unknown\n", " untyped\n"))

    @staticmethod
    def as_older(text):
        counters = set(re.findall(r"(?m)^# TYPE (\w+) counter$", text))
        return lambda line: line[1] + ("_total" if line[1].split()[-1] in counters else "") + line[2]

    def test_what_is_asked_for_is_0_or_1(self):
        status, body = request("GET", self.master.url + "/metrics?servers=2")
        self.assertEqual((status, body), (400, {"error": "servers: must be 0 or 1"}))


if __name__ == "__main__":
    unittest.main()
