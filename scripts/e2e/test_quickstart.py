"""One agent on this host and one master: what the log says, what the API shows, and what other tools read here."""

import signal
import unittest

from host import HostChecks, shown_containers
from support import SECRET, Agent, Case, OnPostgres, required, wait_for


class Quickstart(HostChecks, Case):
    def setUp(self):
        super().setUp()
        self.master.start()
        self.api = self.master

    def test_the_log_and_the_api_show_this_host(self):
        agent = self.agent(DOCKER_HOST=required("DOCKER_HOST"))
        server_id = self.registered(agent)
        agent.wait_line(Agent.RUNNING)
        agent.wait_line(Agent.CONTAINERS)
        cpu, memory = map(float, agent.wait_line(Agent.COLLECTED)[0].groups())
        self.assertTrue(0 <= cpu <= 100 and 0 < memory < 100)
        self.assertNotIn(SECRET, agent.output())

        server = wait_for("metrics of the server", lambda: self.api.with_metrics(agent.name))
        self.assertEqual(server["id"], server_id)
        self.assert_is_this_host(server)

    def test_containers_are_what_docker_inspect_says(self):
        agent = self.agent(DOCKER_HOST=required("DOCKER_HOST"))
        server_id = self.registered(agent)
        wait_for("the same containers here and there, health included", lambda: self.containers_agree(server_id))
        by_name = {container["name"]: container for container in shown_containers(self.api, server_id).values()}
        self.assertEqual(by_name["neon-test-web"]["health"], "healthy")
        self.assertEqual(by_name["neon-test-unhealthy"]["health"], "unhealthy")
        self.assertEqual((by_name["neon-test-exited"]["status"], by_name["neon-test-exited"]["exitCode"]), ("exited", 3))
        self.assertEqual(by_name["neon-test-paused"]["status"], "paused")
        services = {service["name"]: service for service in self.master.get(f"/api/servers/{server_id}")["services"]}
        self.assertEqual(services["Shop"]["status"], "healthy")
        self.assertEqual(self.master.server(agent.name)["containerCount"], len(by_name))

    def test_a_wrong_secret_is_named_and_does_not_end_the_agent(self):
        agent = self.agent(AGENT_SECRET="wrong")
        agent.wait_line(".*Invalid or missing agent secret.*")
        agent.wait_line(Agent.COLLECTED)
        self.assertTrue(agent.running())
        self.assertEqual(agent.lines(Agent.REGISTERED), [])
        self.assertEqual(self.master.get("/api/servers"), [])

    def test_without_docker_the_metrics_arrive_all_the_same(self):
        agent = self.agent()
        server_id = self.registered(agent)
        agent.wait_line(Agent.NO_DOCKER)
        wait_for("a point of history", lambda: self.master.history(server_id))
        details = self.master.get(f"/api/servers/{server_id}")
        self.assertIsNone(details["dockerVersion"])
        self.assertEqual(details["containers"], [])

    def test_either_signal_ends_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                agent = self.agent()
                agent.wait_line(Agent.RUNNING)
                self.assertEqual(agent.end(number), 0)
                self.assertEqual(self.master.end(signal.SIGTERM, deadline_s=10), 0)
                self.master.start()


class QuickstartOnPostgres(OnPostgres, Quickstart):
    pass


if __name__ == "__main__":
    unittest.main()
