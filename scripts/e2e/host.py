"""What this host is, read without Neon: from /proc, df and the Docker client. And the comparison with what the API shows."""

import json
import os

from support import output_of

GIB = 1 << 30
# The readings are taken moments apart on a machine that works meanwhile.
PERCENT_TOLERANCE = 10


def meminfo_bytes(key):
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))


def disks():
    """(size, used) in bytes over df's rows, each backing device once."""
    rows = [line.split() for line in output_of("df", "-B1", "--output=source,size,used").splitlines()[1:]]
    by_device = {source: (int(size), int(used)) for source, size, used in rows if source.startswith("/dev/")}
    return sum(size for size, _ in by_device.values()), sum(used for _, used in by_device.values())


def engine_containers():
    """What the engine says by `docker inspect`, in the words of the API."""
    ids = output_of("docker", "ps", "-aq").split()
    found = json.loads(output_of("docker", "inspect", *ids))
    return {container["Id"][:12]: as_reported(container) for container in found}


def as_reported(container):
    state = container["State"]
    health = state.get("Health", {}).get("Status")
    return {
        "name": container["Name"].lstrip("/"),
        "image": container["Config"]["Image"],
        "status": state["Status"] if state["Status"] in ("running", "paused", "restarting") else "exited",
        "health": health if health in ("healthy", "unhealthy", "starting") else None,
        "labels": container["Config"]["Labels"] or {},
        "networks": sorted(container["NetworkSettings"]["Networks"]),
        "exitCode": state["ExitCode"],
        "ports": ports(container["NetworkSettings"]["Ports"] or {}),
    }


def ports(bindings):
    """{"80/tcp": [{"HostPort": "8080"}], "53/udp": None} as {"8080:80", "53"}; nothing as {"-"}."""
    shown = set()
    for port, hosts in bindings.items():
        private = port.split("/")[0]
        shown |= {f"{host['HostPort']}:{private}" for host in hosts} if hosts else {private}
    return shown or {"-"}


def shown_containers(api, server_id):
    """What the API says, the same way."""
    keys = ("name", "image", "status", "health", "labels", "exitCode")
    return {
        container["containerId"]: {key: container[key] for key in keys}
        | {"ports": set(container["ports"].split(", ")), "networks": sorted(container["networks"])}
        for container in api.containers(server_id)
    }


def network_bytes():
    """(received, sent) since boot over the interfaces that are hardware or stand for it."""
    received = sent = 0
    with open("/proc/1/net/dev", encoding="ascii") as lines:
        for line in list(lines)[2:]:
            name, counters = line.split(":")
            if name.strip() != "lo" and not name.strip().startswith(("veth", "docker", "br-")):
                fields = counters.split()
                received, sent = received + int(fields[0]), sent + int(fields[8])
    return received, sent


class HostChecks:
    """For a test case that has self.api: does it show this host?"""

    def assert_is_this_host(self, server):
        self.assertEqual(server["status"], "online")
        self.assertEqual(server["hostname"], os.uname().nodename)
        self.assertEqual(server["cpuCores"], os.cpu_count())
        self.assert_memory(server)
        self.assert_disk(server)
        self.assert_facts(self.api.get(f"/api/servers/{server['id']}"))

    def assert_memory(self, server):
        total = meminfo_bytes("MemTotal")
        used_percent = 100 * (total - meminfo_bytes("MemAvailable")) / total
        self.assertEqual(server["totalMemoryGb"], round(total / GIB, 2))
        self.assertAlmostEqual(server["memory"], used_percent, delta=PERCENT_TOLERANCE)

    def assert_disk(self, server):
        size, used = disks()
        self.assertAlmostEqual(server["totalDiskGb"], size / GIB, delta=0.01)
        self.assertAlmostEqual(server["disk"], 100 * used / size, delta=PERCENT_TOLERANCE)

    def assert_facts(self, details):
        with open("/etc/os-release", encoding="utf-8") as lines:
            release = dict(line.rstrip().split("=", 1) for line in lines if "=" in line)
        self.assertIn(release["NAME"].strip('"').split()[0], details["osName"])
        self.assertEqual(details["osKernel"], os.uname().release)
        self.assertEqual(details["osArch"], os.uname().machine)
        self.assertEqual(details["dockerVersion"], output_of("docker", "version", "-f", "{{.Server.Version}}").strip())

    def containers_agree(self, server_id):
        """The same containers, field by field, there and here."""
        return engine_containers() == shown_containers(self.api, server_id)
