"""A bank's receiver for tests: a true HTTPS server on this machine that answers as it is told, and who sends to it."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.client import Forged, Repeated, check_webhook
from api.webhooks.addresses import networks_of
from api.webhooks.delivering import deliver, due
from api.webhooks.sending import Sender
from api.webhooks.service import add, allow, webhooks_of

HERE = ("127.0.0.0/8",)


@cache
def certificate():
    """A key and a certificate of "localhost" in one text, signed by itself, for a test process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode() + made.public_bytes(serialization.Encoding.PEM).decode()


def trusting():
    """TLS that trusts the receivers of this test process."""
    return ssl.create_default_context(cadata=certificate()[certificate().index("-----BEGIN CERTIFICATE") :])


def sender(**more):
    """Who sends to receivers on this machine, whatever their hosts are called."""
    given = {"networks": networks_of(HERE), "tls": trusting(), "look_up": lambda host, port: ["127.0.0.1"]}
    return Sender(**given | more)


class Receiver:
    """What a bank has: it checks what comes with the client, and keeps it. `answer`: a status, or a function that answers.

    `order`: all that was taken, in order, also what came again; `refused`: what the check refused.
    """

    def __init__(self, clock, port=0):
        self.clock, self.secrets, self.answer = clock, [], 204
        self.order, self.refused, self.seen, self.came = [], [], set(), 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with suppress(OSError):
                    receiver.receive(self, dict(self.headers.items()), body)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads, allow_reuse_address = True, True

            def handle_error(self, request, client_address):
                pass  # who sends hung up

        self.server = Server(("127.0.0.1", port), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            path = Path(folder, "both.pem")
            path.write_text(certificate())
            tls.load_cert_chain(path)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"https://localhost:{self.port}/kail"

    def receive(self, handler, headers, body):
        self.came += 1
        if callable(self.answer):
            self.answer(handler)
            return
        status = self.answer
        if 200 <= status < 300:
            try:
                change = check_webhook(headers, body, self.secrets, self.clock(), self.seen)
                self.seen.add(change.id)
                self.order.append(change)
            except Repeated:
                self.refused.append("repeated")
            except Forged as error:
                self.refused.append(str(error))
                status = 400
        handler.send_response(status)
        handler.send_header("content-length", "0")
        handler.end_headers()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def moves_of(self, referral):
        return [one.move for one in self.order if one.referral == referral.id]


@contextmanager
def receiving(clock, port=0):
    """A receiver that listens."""
    receiver = Receiver(clock, port)
    try:
        yield receiver
    finally:
        receiver.close()


def with_webhook(kail, receiver, login="officer"):
    """Let a lender have a webhook to a receiver, which gets to know the secret; return its id."""
    with kail.record.write() as tx:
        allow(tx, kail.actors["operator"], f"localhost:{receiver.port}")
        webhook, secret = add(tx, kail.actors[login], receiver.url, networks_of(HERE))
    receiver.secrets.append(secret)
    return webhook


def seen(kail, login="officer"):
    """A lender's webhooks, as its officer sees them."""
    with kail.record.read() as tx:
        return webhooks_of(tx, kail.actors[login])


def deliver_all(kail, using=None):
    """Deliver all that is due now, as the worker does; return how many were taken."""
    found = due(kail.record)
    return sum(deliver(kail.record, *one, using or sender()) for one in found)
