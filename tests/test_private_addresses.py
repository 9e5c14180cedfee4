"""Private addresses and certificates: an allowed name is connected to public addresses alone, and the host proves its name. TLS on loopback sockets."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from helpers.fetching import FakeTime

from hotpatch_kb.scraper.fetch import transport
from hotpatch_kb.scraper.fetch.agent import user_agent
from hotpatch_kb.scraper.fetch.client import Fetcher
from hotpatch_kb.scraper.fetch.errors import FetchError, Refused, Unreachable

HOST = "support.microsoft.com"
PAGE = f"https://{HOST}/en-us/page"
PROXIES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

Names = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Sets what DNS says of our host: a list of addresses per question, the last one for ever."""

    def say(*answers: list[str], port: int = 443) -> None:
        left = list(answers)

        def resolve(_host: object, *_args: object, **_kwargs: object) -> list[tuple[Any, ...]]:
            found = left.pop(0) if len(left) > 1 else left[0]
            if not found:
                raise socket.gaierror(-2, "Name or service not known")
            return [
                (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in found
            ]  # fmt: skip

        monkeypatch.setattr(socket, "getaddrinfo", resolve)

    return say


def get(url: str = PAGE, **settings: Any) -> Any:
    """The answer of an address, or the error."""

    async def main() -> Any:
        fake = FakeTime()
        async with Fetcher(user_agent=user_agent(), pause=0.0, clock=fake.clock, sleep=fake.sleep, **settings) as client:
            try:
                return await client.get(url)
            except FetchError as error:
                return error

    return asyncio.run(main())


class Listener:
    """A socket that counts who connects."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def connections(self) -> int:
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.socket.close()


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", marks=pytest.mark.fault("an allowed name that leads to this machine")),
        pytest.param("10.1.2.3", marks=pytest.mark.fault("an allowed name that leads into the private network")),
        pytest.param("169.254.169.254", marks=pytest.mark.fault("an allowed name that leads to a cloud's metadata service")),
        pytest.param("100.64.0.1", marks=pytest.mark.fault("an allowed name that leads to a carrier's address")),
        pytest.param("::ffff:127.0.0.1", marks=pytest.mark.fault("a private address wrapped in IPv6")),
        pytest.param("fe80::1", marks=pytest.mark.fault("an allowed name that leads to the local link")),
        pytest.param("64:ff9b::7f00:1", marks=pytest.mark.fault("a private address behind a translator's prefix")),
        "fd00::1", "0.0.0.0", "224.0.0.1", "2002:7f00:1::1", "192.168.1.1", "255.255.255.255",
    ],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_refused(address: str, names: Names, listener: Listener) -> None:
    """DNS answers an allowed name with such an address; refused before a connection is made."""
    names([address], port=listener.port)
    error = get()
    assert (type(error), listener.connections()) == (Refused, 0)
    assert f"expected public addresses of {HOST}, got {address}" in str(error)


@pytest.mark.fault("one private address among public ones")
def test_one_private_address_among_public_ones_is_enough(names: Names, listener: Listener) -> None:
    """DNS answers with a public and a private address; the name is refused, neither is connected to."""
    names(["13.107.246.45", "127.0.0.1"], port=listener.port)
    assert (type(get()), listener.connections()) == (Refused, 0)


@pytest.mark.fault("a name whose address changes between check and connection")
def test_a_name_is_not_looked_up_again_after_the_check(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS answers a public address first and a private one from then on; what was checked is connected to, the private one never."""
    reached: list[tuple[Any, ...]] = []

    def connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        reached.append(address[:2])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    names(["13.107.246.45"], ["127.0.0.1"])
    error = get()
    assert set(reached) == {("13.107.246.45", 443)}
    assert isinstance(error, Refused)  # the second try looked it up again, and was refused


@pytest.mark.fault("a name without an address")
def test_a_name_without_an_address_is_unreachable(names: Names) -> None:
    """DNS knows no address; three tries, then unreachable."""
    names([])
    error = get()
    assert (type(error), "Name or service not known" in str(error)) == (Unreachable, True)


@pytest.mark.fault("a first address that does not answer")
def test_the_next_address_is_tried(tls: Callable[..., Any], names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two addresses refuses connections; the second is asked."""
    with tls() as port:
        names(["127.0.0.2", "127.0.0.1"], port=port)
        monkeypatch.setattr(transport, "is_public", lambda _: True)
        assert get().body == b"the page"


@pytest.mark.fault("IPv6 that leads nowhere, of a name with many such addresses")
def test_addresses_of_both_kinds_are_tried_by_turns(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS gives five addresses of IPv6 and then one of IPv4; the one of IPv4 is the second that is tried."""
    tried: list[str] = []

    async def connect(_self: object, host: str, *_: object, **__: object) -> Any:
        tried.append(host)
        raise httpcore.ConnectTimeout

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    names([*(f"2603:1030::{n}" for n in range(1, 6)), "13.107.246.45"])
    assert type(get()) is Unreachable
    assert tried[:4] == ["2603:1030::1", "13.107.246.45", "2603:1030::2", "2603:1030::3"]


def test_what_connects_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transport sends by the pool that we set; ``_pool`` is private to httpx, so a new version may keep it elsewhere."""
    asked: list[httpcore.Request] = []

    async def answer(_pool: object, request: httpcore.Request) -> httpcore.Response:
        asked.append(request)
        return httpcore.Response(204)

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", answer)
    carrier = transport.PublicTransport(httpx.create_ssl_context())
    assert isinstance(carrier._pool._network_backend, transport._PublicNetwork)  # type: ignore[union-attr]
    response = asyncio.run(carrier.handle_async_request(httpx.Request("GET", PAGE)))
    assert (response.status_code, [bytes(request.url) for request in asked]) == (204, [PAGE.encode()])


def test_an_httpx_that_connects_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting ``_pool`` would protect nothing then: it fails before the first request, not in silence."""

    def without_pool(self: httpx.AsyncHTTPTransport, **_: object) -> None:
        self._connections = None  # type: ignore[attr-defined]

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "__init__", without_pool)
    with pytest.raises(RuntimeError, match=r"^expected httpx\.AsyncHTTPTransport to connect by its _pool, got httpx 0"):
        get()


# Certificates


def _certificate(subject: str, *, issuer: Any = None, days: tuple[int, int] = (-1, 10), is_authority: bool = False) -> tuple[Any, Any]:
    """A certificate and its key; signed by itself without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    by, by_key = (issuer[0].subject, issuer[1]) if issuer else (name, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(by).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0])).not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        # What RFC 5280 requires, and Python verifies since 3.13.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        ), critical=True)
    )  # fmt: skip
    return builder.sign(by_key, hashes.SHA256()), key


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"the page" if self.path != "/robots.txt" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that do not trust us hang up."""


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Serves a page by TLS at a loopback port, with a certificate of an authority that the fetcher trusts, or as is said."""
    authority = _certificate("an authority", is_authority=True)
    (tmp_path / "authority.pem").write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    @contextmanager
    def serving(name: str = HOST, *, is_signed: bool = True, newest: ssl.TLSVersion | None = None, plain: bool = False, **options: Any) -> Iterator[int]:  # fmt: skip
        certificate, key = _certificate(name, issuer=authority if is_signed else None, **options)
        pem = tmp_path / "server.pem"
        pem.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        server = _Server(("127.0.0.1", 0), _Page)
        if not plain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if newest is not None:
                context.minimum_version, context.maximum_version = newest, newest
                context.set_ciphers("ALL:@SECLEVEL=0")
            context.load_cert_chain(pem)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return serving


def test_a_good_certificate_is_trusted(tls: Callable[..., Any], names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others are measured by: the same server, nothing wrong with it."""
    monkeypatch.setattr(transport, "is_public", lambda address: ipaddress.ip_address(address).is_loopback)
    with tls() as port:
        names(["127.0.0.1"], port=port)
        assert get().body == b"the page"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("wrong", "came"),
    [
        pytest.param({"is_signed": False}, "self-signed certificate", marks=pytest.mark.fault("a certificate signed by itself")),
        pytest.param({"days": (-10, -1)}, "certificate has expired", marks=pytest.mark.fault("a certificate that has expired")),
        pytest.param({"days": (1, 10)}, "certificate is not yet valid", marks=pytest.mark.fault("a certificate of tomorrow")),
        pytest.param({"name": "evil.example"}, "Hostname mismatch", marks=pytest.mark.fault("a certificate of another name")),
        pytest.param({"newest": ssl.TLSVersion.TLSv1_1}, "SSL", marks=pytest.mark.fault("a server that speaks only TLS 1.1")),
        pytest.param({"plain": True}, "SSL", marks=pytest.mark.fault("plain HTTP where TLS is expected")),
    ],
)
def test_what_does_not_prove_who_it_is_is_not_believed(
    wrong: dict[str, Any], came: str, tls: Callable[..., Any], names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a server answers behind an allowed name; unreachable in one line, nothing of it is read."""
    monkeypatch.setattr(transport, "is_public", lambda _: True)
    with tls(**wrong) as port:
        names(["127.0.0.1"], port=port)
        error = get()
    assert (type(error), came in str(error), "\n" in str(error)) == (Unreachable, True, False), error


# Proxies


def test_hosts_that_the_environment_excepts_are_asked_without_the_proxy(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the proxy nothing is looked up here; without it the guard counts."""
    names(["10.0.0.1"])
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", HOST)
    assert isinstance(get(), Refused)
    other = get("https://learn.microsoft.com/en-us/page")
    assert (type(other), "10.0.0.1" in str(other)) == (Unreachable, False)
