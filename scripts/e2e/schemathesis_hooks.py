"""What schemathesis needs to know of Neon: who asks, and which answers came. It loads this file itself (SCHEMATHESIS_HOOKS).

The operations are those of the document alone; none is named here but the agents', whose credentials are others.
"""

import http.client
import json
import os
import urllib.parse

import schemathesis

ADDRESS = urllib.parse.urlsplit(os.environ["NEON_TEST_URL"]).netloc
# Wrong passwords that are tried at the login limit whoever comes from the same address; this one logs in from another.
OTHER_ADDRESS = ("127.0.0.2", 0)
CHANGE = {"X-Neon-Request": "1"}
# Who asks: a user with a password, or nobody.
USER, PASSWORD = os.environ["NEON_TEST_USER"], os.environ["NEON_TEST_PASSWORD"]
AGENT_SECRET, AGENT_TOKEN = os.environ["NEON_TEST_AGENT_SECRET"], os.environ["NEON_TEST_AGENT_TOKEN"]
# Sessions by path, of users whose own route that is: it may change their password or end their login.
SESSIONS = json.loads(os.environ["NEON_TEST_SESSIONS"])

# A line for each answer: what was asked, and the status.
answers = open(os.environ["NEON_TEST_ANSWERS"], "a", buffering=1, encoding="utf-8")


def login():
    connection = http.client.HTTPConnection(ADDRESS, timeout=30, source_address=OTHER_ADDRESS)
    try:
        connection.request("POST", "/api/login", json.dumps({"name": USER, "password": PASSWORD}), CHANGE)
        return connection.getresponse().headers["Set-Cookie"].split(";")[0]
    finally:
        connection.close()


if USER:

    # A session per route, so that one that ends its session ends no other's; and another where it has ended.
    @schemathesis.auth(retry_on=[401], cache_by_key=lambda case, _: case.operation.path, refresh_interval=None)
    class User:
        """A session, or on the agents' routes their own credentials."""

        def get(self, case, _context):
            path = case.operation.path
            if path == "/api/agent/register":
                return {"X-Agent-Secret": AGENT_SECRET}
            if path.startswith("/api/agent/"):
                return {"Authorization": f"Bearer {AGENT_TOKEN}"}
            return {"Cookie": SESSIONS.get(path) or login()}

        def set(self, case, data, _context):
            case.headers = {**(case.headers or {}), **data}


@schemathesis.hook
def after_call(_context, case, response):
    answers.write(json.dumps([case.operation.label, response.status_code]) + "\n")
