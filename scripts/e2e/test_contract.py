"""The requests of a first-generation agent, sent by a client that shares nothing with ours, answered to the letter."""

import base64
import json
import unittest

from support import SECRET, Case, OnPostgres, request

SERVER_INFO = {
    "name": "old-host",
    "hostname": "old-host.example.org",
    "cpuCores": 16,
    "totalMemoryGb": 23.54,
    "totalDiskGb": 755.92,
    "osName": "Debian GNU/Linux",
    "osVersion": "12",
    "osKernel": "6.1.0-18-amd64",
    "osArch": "x64",
    "dockerVersion": None,
}
SAMPLE = {
    "timestamp": "2026-11-23T09:08:03.022Z",
    "cpuPercent": 14.85,
    "memoryPercent": 3.09,
    "diskPercent": 6.31,
    "memoryUsedGb": 0.73,
    "memoryTotalGb": 23.54,
    "diskUsedGb": 47.7,
    "diskTotalGb": 755.92,
    "networkRxBytes": 443323758,
    "networkTxBytes": 986331,
}
CONTAINER = {
    "containerId": "eb6f6e2aaa26",
    "name": "hc",
    "image": "busybox:local",
    "imageId": "sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194",
    "imageTags": ["busybox:local"],
    "status": "running",
    "health": "healthy",
    "ports": "8099:80",
    "labels": {},
    "networks": ["bridge"],
    "startedAt": "2026-11-23T08:47:25.668846837Z",
    "exitCode": 0,
}


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class Contract(Case):
    def setUp(self):
        super().setUp()
        self.master.start()

    def post(self, call, body, headers):
        return request("POST", f"{self.master.url}/api/agent/{call}", body, headers)

    def register(self):
        body = {"serverName": "old-host", "serverInfo": SERVER_INFO, "agentVersion": "1.0.0"}
        status, answer = self.post("register", body, {"X-Agent-Secret": SECRET})
        self.assertEqual((status, answer["success"], sorted(answer["data"])), (200, True, ["serverId", "token"]))
        return answer["data"]["serverId"], {"Authorization": "Bearer " + answer["data"]["token"]}

    def test_each_call_is_accepted(self):
        server_id, bearer = self.register()
        self.assertEqual(self.register()[0], server_id)
        token = claims(bearer["Authorization"].removeprefix("Bearer "))
        self.assertEqual((token["serverId"], token["serverName"]), (server_id, "old-host"))
        self.assertEqual((token["iss"], token["sub"]), ("neon-master", f"agent:{server_id}"))
        self.assertEqual(token["exp"] - token["iat"], 24 * 3600)

        self.assertEqual(self.post("metrics", {"metrics": [SAMPLE]}, bearer), (200, {"success": True}))
        self.assertEqual(self.post("metrics", {"metrics": [SAMPLE]}, bearer), (200, {"success": True}))
        self.assertEqual(self.post("containers", {"containers": [CONTAINER]}, bearer), (200, {"success": True}))
        beat = {"timestamp": SAMPLE["timestamp"], "agentVersion": "1.0.0"}
        status, answer = self.post("heartbeat", beat, bearer)
        self.assertEqual((status, sorted(answer["data"])), (200, ["serverTime", "tokenExpiresIn"]))
        self.assertTrue(0 < answer["data"]["tokenExpiresIn"] <= 24 * 3600)
        self.shown(server_id)

    def shown(self, server_id):
        server = self.master.server("old-host")
        self.assertEqual((server["id"], server["cpu"], server["memory"], server["disk"]), (server_id, 14.85, 3.09, 6.31))
        self.assertEqual(server["lastMetricsAt"], SAMPLE["timestamp"])
        details = self.master.get(f"/api/servers/{server_id}")
        self.assertEqual({key: details[key] for key in ("osName", "osKernel", "dockerVersion")},
                         {key: SERVER_INFO[key] for key in ("osName", "osKernel", "dockerVersion")})
        shown = self.master.get(f"/api/containers?serverId={server_id}")
        # Docker gives nanoseconds; what is stored and shown has milliseconds, as every time here.
        expected = CONTAINER | {"startedAt": "2026-11-23T08:47:25.668Z"}
        self.assertEqual([{key: container[key] for key in CONTAINER} for container in shown], [expected])

    def test_each_refusal_has_its_sentence(self):
        _, bearer = self.register()
        refusals = [
            (401, "Invalid or missing agent secret", "register", {}, {}),
            (401, "Invalid or missing agent secret", "register", {}, {"X-Agent-Secret": "wrong"}),
            (400, "Missing required fields: serverName, serverInfo", "register", {}, {"X-Agent-Secret": SECRET}),
            (401, "Missing authorization token", "metrics", {"metrics": [SAMPLE]}, {}),
            (401, "Invalid or expired token", "metrics", {"metrics": [SAMPLE]}, {"Authorization": "Bearer x.y.z"}),
            (400, "Missing or empty metrics array", "metrics", {"metrics": []}, bearer),
            (400, "Missing containers array", "containers", {}, bearer),
            (401, "Missing authorization token", "heartbeat", {}, {}),
        ]
        for status, sentence, call, body, headers in refusals:
            with self.subTest(call=call, sentence=sentence):
                self.assertEqual(self.post(call, body, headers), (status, {"success": False, "error": sentence}))


class ContractOnPostgres(OnPostgres, Contract):
    pass


if __name__ == "__main__":
    unittest.main()
