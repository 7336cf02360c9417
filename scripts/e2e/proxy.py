"""An HTTP proxy between an agent and its master that breaks what passes through it, in every way a network can.

It understands just enough of HTTP/1.1 to know where a request ends. What happens to each request is somebody else's
choice (see Deck); what it saw is kept. Standard library only.
"""

import contextlib
import http.client
import json
import os
import random
import socket
import ssl
import struct
import threading
import time

from support import output_of

TIMEOUT_S = 30
REGISTER = "/api/agent/register"
METRICS = "/api/agent/metrics"
# A reset instead of a proper end: SO_LINGER on, for no time.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def tls_for_localhost(folder):
    """A TLS context of a server, and the path of the certificate that an agent is to trust."""
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    output_of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
              "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


class Gone(Exception):
    """The other side has closed, or the fault says that we do."""


class Exchange:
    """One request of the agent on its connection, and what a fault can do with it."""

    def __init__(self, proxy, connection, head):
        self.proxy, self.connection = proxy, connection
        self.head = head
        request_line, *headers = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = request_line.split(" ", 2)
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in headers if line)}
        self.length = int(self.headers.get("content-length", "0"))
        self.random = proxy.random
        self.untold = set()  # samples that went to the master, while the agent has not heard so

    def body(self):
        """The request's body, which the proxy takes note of."""
        data = self.connection.take(self.length)
        self.proxy.note(self.path, data)
        return data

    def forward(self):
        """Sends the request on and returns the master's answer as bytes of the head and bytes of the body."""
        body = self.body()
        self.untold = self.proxy.times_of(self.path, body)
        kept = {name: value for name, value in self.headers.items() if name not in ("host", "connection", "content-length")}
        call = http.client.HTTPConnection(*self.proxy.master, timeout=TIMEOUT_S)
        try:
            call.request(self.method, self.path, body, kept)
            answer = call.getresponse()
            data = answer.read()
        except OSError as error:
            raise Gone from error  # the master is away: so are we
        finally:
            call.close()
        fields = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()
                         if name.lower() not in ("connection", "transfer-encoding", "content-length"))
        return f"HTTP/1.1 {answer.status} {answer.reason}\r\n{fields}Content-Length: {len(data)}\r\n\r\n".encode("latin-1"), data

    def deliver(self, head, body):
        """The whole answer. Only now can the agent know what the master has."""
        self.send(head + body)
        self.untold = set()

    def send(self, data):
        self.connection.socket.sendall(data)

    def reset(self):
        # Through TLS, too: the linger is the socket's own.
        self.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        raise Gone

    def answer(self, status, body=b'{"success":false,"error":"made by the proxy"}', headers=""):
        self.send(f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


# What can happen to a request. Each takes the exchange; Gone ends the connection.

def passes(exchange):
    exchange.deliver(*exchange.forward())


def refuses(exchange):
    exchange.connection.socket.close()
    exchange.proxy.refuse(exchange.random.uniform(0.2, 1.5))
    raise Gone


def resets_in_the_request(exchange):
    exchange.connection.take(exchange.length // 2)
    exchange.reset()


def resets_in_the_answer(exchange):
    head, body = exchange.forward()
    exchange.send(head + body[: len(body) // 2])
    exchange.reset()


def delays(exchange):
    time.sleep(exchange.random.uniform(0.1, 2))
    passes(exchange)


def dribbles(exchange):
    head, body = exchange.forward()
    for byte in head:
        exchange.send(bytes([byte]))
        time.sleep(0.005)
    exchange.deliver(b"", body)


def truncates(exchange):
    head, body = exchange.forward()
    exchange.send(head + body[: len(body) // 2])
    raise Gone


def closes_after_the_headers(exchange):
    head, _ = exchange.forward()
    exchange.send(head)
    raise Gone


def loses_the_answer(exchange):
    exchange.forward()
    raise Gone


def closes_at_once(exchange):
    exchange.body()
    raise Gone


def says_500(exchange):
    exchange.body()
    exchange.answer(500)


def says_503(exchange):
    exchange.body()
    exchange.answer(503, headers="Retry-After: 1\r\n")


def says_429(exchange):
    exchange.body()
    exchange.answer(429, headers="Retry-After: 1\r\n")


def says_401(exchange):
    exchange.body()
    exchange.answer(401)


def says_502_in_html(exchange):
    exchange.body()
    exchange.answer(502, b"<html>Bad Gateway</html>", "Content-Type: text/html\r\n")


def talks_garbage(exchange):
    exchange.body()
    exchange.send(exchange.random.randbytes(300))
    raise Gone


def is_a_portal(exchange):
    """The 200 of somebody who is not a master: nothing has been stored."""
    exchange.body()
    exchange.answer(200, b"<html>Please log in</html>", "Content-Type: text/html\r\n")


FAULTS = (refuses, resets_in_the_request, resets_in_the_answer, delays, dribbles, truncates, closes_after_the_headers,
          loses_the_answer, closes_at_once, says_500, says_503, says_429, says_401, says_502_in_html, talks_garbage, is_a_portal)


class Deck:
    """Faults in random order, drawn like cards, so that each comes up soon, and as many passes among them."""

    def __init__(self, chance):
        self.random = chance
        self.cards = []
        self.only = None  # what happens to every request, instead of what is dealt
        self.last_path = None
        self.dealt = dict.fromkeys(FAULTS, 0)

    def draw(self, path):
        """What happens to this request. A token that was just given is not refused, nor is the secret: after that an
        agent rightly waits for a minute, which is another test's business."""
        trusting, self.last_path = self.last_path == REGISTER or path == REGISTER, path
        if self.only:
            return self.only
        if not self.cards:
            self.cards = [*FAULTS, *[passes] * len(FAULTS)]
            self.random.shuffle(self.cards)
        card = self.cards.pop()
        if card is says_401 and trusting:
            card = passes
        if card is not passes:
            self.dealt[card] += 1
        return card


class Connection:
    """The agent's connection, read in pieces."""

    def __init__(self, accepted):
        self.socket = accepted
        self.read = b""

    def take(self, length):
        while len(self.read) < length:
            self._more()
        taken, self.read = self.read[:length], self.read[length:]
        return taken

    def head(self):
        """The next request's head; None when the agent has closed."""
        while b"\r\n\r\n" not in self.read:
            try:
                self._more()
            except Gone:
                return None
        head, self.read = self.read.split(b"\r\n\r\n", 1)
        return head

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        self.read += data


class Proxy:
    """Listens on loopback for one agent. `draw(path)` says what happens to each request."""

    def __init__(self, master_url, draw=lambda path: passes, seed=0, tls=None):
        host, port = master_url.removeprefix("http://").split(":")
        self.master = (host, int(port))
        self.draw, self.random, self.tls = draw, random.Random(seed), tls
        self.samples = {}  # timestamp to sample: everything that the agent ever sent whole
        self.untold = set()  # those the master was given by a request whose answer never arrived whole
        self.failures = []  # what went wrong in this program, as opposed to on purpose
        self.connections = set()
        self.closed = False
        self.lock = threading.Lock()
        self._listen(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.url = f"{'https' if tls else 'http'}://localhost:{self.address[1]}"
        self.thread = threading.Thread(target=self._accept)
        self.thread.start()

    def note(self, path, data):
        if path == METRICS:
            for sample in json.loads(data)["metrics"]:
                known = self.samples.setdefault(sample["timestamp"], sample)
                if known != sample:
                    self.failures.append(f"two samples of one time: {known} and {sample}")

    def times_of(self, path, data):
        return {sample["timestamp"] for sample in json.loads(data)["metrics"]} if path == METRICS else set()

    def refuse(self, seconds):
        """Nobody listens for a while."""
        with self.lock:
            if self.closed:
                return
            self._shut_listener()
        time.sleep(seconds)
        with self.lock:
            if not self.closed:
                self._listen(self.address)

    def close(self):
        with self.lock:
            self.closed = True
            self._shut_listener()
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.thread.join()

    def _listen(self, address):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        self.listener = listener

    def _shut_listener(self):
        # The thread in accept(2) is not woken by a close alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while not self.closed:
            with self.lock:
                listener = self.listener
            try:
                accepted, _ = listener.accept()
            except OSError:
                time.sleep(0.02)  # shut for a while, or for good
                continue
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, stream):
        with self.lock:
            self.connections.add(stream)
        accepted = stream
        try:
            stream.settimeout(TIMEOUT_S)
            if self.tls:
                stream = self.tls.wrap_socket(stream, server_side=True)
            connection = Connection(stream)
            while (head := connection.head()) is not None:
                exchange = Exchange(self, connection, head)
                try:
                    self.draw(exchange.path)(exchange)
                finally:
                    self.untold |= exchange.untold
        except (Gone, OSError):
            pass  # by a fault, or because the agent had enough
        except Exception as error:  # of this program: the test must fail, not hang
            self.failures.append(repr(error))
        finally:
            with self.lock:
                self.connections.discard(accepted)
            stream.close()
