"""Clients for addresses that the operator chose, an export or a webhook: with the proxy and the certificates that the crawl uses."""

from __future__ import annotations

import ssl
from typing import Final

import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.agent import user_agent
from hotpatch_kb.scraper.fetch.errors import described

HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def trusted() -> ssl.SSLContext:
    """Return what certificates are believed: certifi's, or those of SSL_CERT_FILE, and those of the system.

    httpx believes certifi alone; the certificates of a company's proxy that inspects TLS are in the system's store, on Windows above all.

    Raises:
        OSError: SSL_CERT_FILE or SSL_CERT_DIR cannot be read.
    """
    tls = httpx.create_ssl_context()
    tls.load_default_certs()
    return tls


def client(seconds: float) -> httpx.Client:
    """Return a client that follows no redirects, and asks no proxy for this machine.

    Args:
        seconds: to connect, and between two parts of an answer.

    Raises:
        BadInput: the environment names a proxy or certificates that cannot be used.
    """
    try:
        direct = {f"all://{f'[{host}]' if ':' in host else host}": httpx.HTTPTransport(verify=trusted()) for host in HERE}
        return httpx.Client(timeout=seconds, follow_redirects=False, headers={"User-Agent": user_agent()}, verify=trusted(), mounts=direct)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as exc:
        raise BadInput("proxy or certificates of the environment: expected settings httpx can use, got {got}", got=described(exc)) from exc
