"""The master goes away and comes back: every sample the agent says it collected is stored, and stored once."""

import os
import signal
import unittest

from support import Agent, Case, OnPostgres, wait_for

OUTAGES = 5


class Outage(Case):
    def setUp(self):
        super().setUp()
        self.master.start()

    def stored_once(self, agent, server_id):
        """As many points as collections, no two at the same time. Call it with the agent ended or idle."""
        times = [point["timestamp"] for point in self.master.history(server_id)]
        self.assertEqual(len(times), len(set(times)), "a sample is stored twice")
        self.assertEqual(len(times), agent.collected())
        self.assertEqual(times, sorted(times))

    def wait_collected(self, agent, more):
        target = agent.collected() + more
        agent.wait_line(Agent.COLLECTED, target)

    def wait_stored(self, agent, server_id):
        """Until the samples collected up to now are stored, whatever comes after."""
        so_far = agent.collected()
        wait_for(f"{so_far} stored samples", lambda: len(self.master.history(server_id)) >= so_far)

    def test_a_master_killed_again_and_again_costs_no_sample(self):
        agent = self.agent()
        server_id = self.registered(agent)
        for _ in range(OUTAGES):
            self.wait_collected(agent, 1)  # the kill falls into the sending of this one
            self.master.kill()
            self.wait_collected(agent, 2)
            self.master.start()
            self.wait_stored(agent, server_id)
        agent.wait_line(Agent.FAILED)
        self.assertEqual(agent.end(), 0)
        self.stored_once(agent, server_id)

    def test_the_last_attempt_before_the_end_sends_what_is_buffered(self):
        agent = self.agent()
        server_id = self.registered(agent)
        self.wait_stored(agent, server_id)
        self.master.kill()
        self.wait_collected(agent, 2)
        self.master.start()
        self.assertEqual(agent.end(), 0)
        self.stored_once(agent, server_id)

    def test_an_agent_killed_in_an_outage_sends_what_its_file_kept(self):
        agent = self.agent(BUFFER_FILE=os.path.join(self.folder, "buffer"))
        server_id = self.registered(agent)
        self.wait_stored(agent, server_id)
        self.master.kill()
        for _ in range(2):
            self.wait_collected(agent, 2)
            agent.end(signal.SIGKILL)
            agent.start()
        self.wait_collected(agent, 1)
        self.master.start()
        self.wait_stored(agent, server_id)
        self.assertEqual(agent.end(), 0)
        self.stored_once(agent, server_id)

    def test_an_unreachable_master_does_not_hold_up_the_end(self):
        agent = self.agent()
        self.registered(agent)
        self.master.kill()
        self.wait_collected(agent, 2)
        self.assertEqual(agent.end(signal.SIGTERM), 0)

    def test_an_agent_that_starts_before_its_master_loses_nothing(self):
        self.master.kill()
        agent = self.agent()
        self.wait_collected(agent, 3)
        self.master.start()
        server_id = self.registered(agent)
        self.wait_stored(agent, server_id)
        self.assertEqual(agent.end(), 0)
        self.stored_once(agent, server_id)

    def test_a_token_of_another_key_makes_it_register_again(self):
        agent = self.agent()
        server_id = self.registered(agent)
        self.wait_stored(agent, server_id)
        self.assertEqual(self.master.end(deadline_s=10), 0)
        self.master.start(JWT_SECRET="another-jwt-secret-of-the-tests-that-is-long")
        again = agent.wait_line(Agent.REGISTERED, 2)
        self.assertEqual(int(again[1].group(1)), server_id)
        self.wait_stored(agent, server_id)
        self.assertEqual(agent.end(), 0)
        self.stored_once(agent, server_id)


class OutageOnPostgres(OnPostgres, Outage):
    pass


if __name__ == "__main__":
    unittest.main()
