"""A company's proxy that inspects TLS, on loopback: it answers CONNECT, shows a certificate of its own authority, and then answers for the host."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Inspecting:
    """The proxy.

    Attributes:
        asked: the first line of each CONNECT, and what was asked within.
        authority: the file of the certificate that its clients have to believe.
        user: ``name:password`` that it wants, or None.
    """

    def __init__(self, folder: Path, files: Mapping[str, bytes], user: str | None = None) -> None:
        self._folder, self._files, self.user = folder, files, user
        self.asked: list[str] = []
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A company")])
        self._certificate = self._signed(self._name, self._key, None)
        self.authority = folder / "company.pem"
        self.authority.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, host: str | None) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        made = x509.CertificateBuilder(
            issuer_name=self._name, subject_name=name, public_key=key.public_key(), serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=1), not_valid_after=now + dt.timedelta(days=2),
        ).add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)  # fmt: skip
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return made.sign(self._key, hashes.SHA256())

    def _context(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key, host)
        file = self._folder / f"{host}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            head = _head(client)
            self.asked.append(head.split("\r\n")[0])
            if self.user and f"basic {base64.b64encode(self.user.encode()).decode()}".casefold() not in head.casefold():
                client.sendall(
                    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
                )
                return
            host = head.split()[1].rpartition(":")[0]
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with self._context(host).wrap_socket(client, server_side=True) as tls:
                while " HTTP/" in (line := _head(tls).split("\r\n")[0]):
                    self.asked.append(f"{host} {line}")
                    body = self._files.get(line.split()[1])
                    status = "404 Not Found" if body is None else "200 OK"
                    tls.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body or b'')}\r\n\r\n".encode() + (body or b""))


def _head(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (part := client.recv(65536)):
        head += part
    return head.decode("latin-1")


@contextmanager
def inspecting(folder: Path, files: Mapping[str, bytes], user: str | None = None) -> Iterator[Inspecting]:
    """Run a proxy that answers for any host with these files by path."""
    proxy = Inspecting(folder, files, user)
    try:
        yield proxy
    finally:
        proxy.close()
