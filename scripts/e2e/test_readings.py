"""Every reading of this host, as `neon-agent --once` prints it and as the master keeps it, against what Python reads here."""

import json
import os
import subprocess
import unittest

from host import engine_containers, meminfo_bytes
from support import DEADLINE_S, Agent, Case, output_of, required, wait_for


def one_report(**variables):
    """What --once prints, decoded. No variable is needed."""
    command = [required("NEON_AGENT_BIN"), "--once"]
    return json.loads(subprocess.run(command, env=variables, check=True, capture_output=True, timeout=DEADLINE_S).stdout)


def text_of(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


class OneReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = one_report(DOCKER_HOST=required("DOCKER_HOST"))
        cls.readings = cls.report["metrics"]["readings"]

    def test_the_host_is_this_one(self):
        self.assertEqual(self.report["serverInfo"]["name"], os.uname().nodename)
        self.assertEqual(self.readings["bootId"], text_of("/proc/sys/kernel/random/boot_id"))
        self.assertAlmostEqual(self.readings["uptimeSeconds"], float(text_of("/proc/uptime").split()[0]), delta=60)
        self.assertEqual(self.readings["memory"]["totalBytes"], meminfo_bytes("MemTotal"))
        self.assertEqual([core["core"] for core in self.readings["cores"]], sorted(os.sched_getaffinity(0)))
        self.assertEqual(self.readings["openFilesMax"], int(text_of("/proc/sys/fs/file-nr").split()[2]))

    def test_processes_are_those_that_proc_lists(self):
        listed = sum(name.isdigit() for name in os.listdir("/proc"))
        self.assertAlmostEqual(self.readings["processes"], listed, delta=listed / 2)
        self.assertGreaterEqual(self.readings["threads"], self.readings["processes"])

    def test_the_root_file_system_is_the_one_that_statvfs_shows(self):
        root = next(mount for mount in self.readings["mounts"] if mount["mountPoint"] == "/")
        here = os.statvfs("/")
        self.assertEqual(root["totalBytes"], here.f_blocks * here.f_frsize)
        self.assertEqual((root["inodesTotal"], root["readOnly"]), (here.f_files, bool(here.f_flag & os.ST_RDONLY)))
        self.assertEqual(len({mount["device"] for mount in self.readings["mounts"]}), len(self.readings["mounts"]))

    def test_interfaces_and_disks_are_those_of_sysfs(self):
        interfaces = {interface["name"] for interface in self.readings["interfaces"]}
        here = set(os.listdir("/sys/class/net"))
        self.assertEqual(interfaces, {name for name in here if name != "lo" and not name.startswith(("veth", "cali", "lxc"))})
        disks = {disk["device"] for disk in self.readings["disks"]}
        self.assertEqual(disks, {name for name in os.listdir("/sys/block") if not name.startswith(("loop", "ram", "zram", "fd", "sr"))})

    def test_containers_are_those_of_docker_inspect(self):
        found = {container["containerId"]: container for container in self.report["containers"]}
        self.assertEqual(set(found), set(engine_containers()))
        inspected = json.loads(output_of("docker", "inspect", *found))
        for there in inspected:
            here, labels = found[there["Id"][:12]], there["Config"]["Labels"] or {}
            self.assertEqual(here["restartCount"], there["RestartCount"])
            self.assertEqual(here["oomKilled"], there["State"]["OOMKilled"])
            self.assertEqual(here["createdAt"], there["Created"])
            self.assertEqual(here.get("composeProject"), labels.get("com.docker.compose.project"))
            self.assertEqual(here.get("composeService"), labels.get("com.docker.compose.service"))

    def test_every_source_says_how_long_it_took_and_none_failed(self):
        sources = self.readings["agent"]["sources"]
        self.assertLessEqual({"stat", "meminfo", "mountinfo", "diskstats", "net/dev", "docker"}, {s["source"] for s in sources})
        self.assertEqual([source for source in sources if "error" in source], [])
        self.assertTrue(all(source["durationMicroseconds"] >= 0 for source in sources))

    def test_without_an_engine_the_report_has_no_containers_and_says_why(self):
        report = one_report(DOCKER_HOST="unix:///nonexistent/docker.sock")
        self.assertNotIn("containers", report)
        docker = next(s for s in report["metrics"]["readings"]["agent"]["sources"] if s["source"] == "docker")
        self.assertEqual(docker["error"], "there is no socket")


class KeptByTheMaster(Case):
    def setUp(self):
        super().setUp()
        self.master.start()

    def test_the_newest_sample_is_shown_whole(self):
        agent = self.agent(DOCKER_HOST=required("DOCKER_HOST"))
        server_id = self.registered(agent)
        agent.wait_line(Agent.CONTAINERS)
        latest = wait_for("a sample with the sweep in it", lambda: self._latest(server_id))
        self.assertEqual(latest["readings"]["bootId"], text_of("/proc/sys/kernel/random/boot_id"))
        own = latest["readings"]["agent"]
        self.assertEqual((own["samplesDroppedTotal"], own["requestFailuresTotal"]), (0, 0))
        self.assertTrue(0 < own["anonymousBytes"] < own["residentBytes"] and own["cpuMicroseconds"] > 0)
        container = self.master.containers(server_id)[0]
        self.assertLessEqual({"restartCount", "oomKilled", "createdAt", "composeProject", "composeService"}, set(container))

    def _latest(self, server_id):
        if not self.master.history(server_id):
            return None
        latest = self.master.get(f"/api/servers/{server_id}/metrics/latest")
        swept = any(source["source"] == "docker" for source in latest["readings"]["agent"]["sources"])
        return latest if swept else None


if __name__ == "__main__":
    unittest.main()
