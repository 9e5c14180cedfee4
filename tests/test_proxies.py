"""A company's network: a proxy that has to be asked, that wants a password, and that shows certificates of its own authority. All on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from helpers.dumps import query
from helpers.exports import DAY
from helpers.fetching import PAGE, ROBOTS, fetcher, get
from helpers.fetching import run as ask
from helpers.folder_server import served
from helpers.inspecting import Inspecting, inspecting

from hotpatch_kb.scraper.fetch import webhook
from hotpatch_kb.scraper.fetch.errors import Unreachable

NAMES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")
FEED = "https://feed.example/hotpatch/"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, at: Callable[[str], None]) -> None:
    at("2026-08-13")
    for name in (*NAMES, *map(str.upper, NAMES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def use(monkeypatch: pytest.MonkeyPatch, proxy: Inspecting, *, user: str = "", believed: bool = True) -> None:
    """Name the proxy in the environment, and its authority if it is believed."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{user}{'@' if user else ''}{proxy.address}")
    if believed:
        monkeypatch.setenv("SSL_CERT_FILE", str(proxy.authority))


@pytest.fixture
def files(feeds: Path) -> dict[str, bytes]:
    """An export by the paths of its address."""
    public = feeds / "august" / "public"
    return {f"/hotpatch/{file.relative_to(public).as_posix()}": file.read_bytes() for file in public.rglob("*") if file.is_file()}


@pytest.mark.fault("a crawl behind a proxy that wants a password and inspects TLS")
def test_a_page_is_read_through_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy has a user and its own authority, which SSL_CERT_FILE names; the page is read, and only the proxy was asked."""
    with inspecting(tmp_path, {"/en-us/page": b"through the proxy"}, user="reader:s3cret") as proxy:
        use(monkeypatch, proxy, user="reader:s3cret")
        (answer,) = ask(fetcher(), get(PAGE))
    assert answer.body == b"through the proxy"
    assert proxy.asked[0] == "CONNECT support.microsoft.com:443 HTTP/1.1"
    assert f"support.microsoft.com GET {ROBOTS.rpartition('.com')[2]} HTTP/1.1" in proxy.asked


@pytest.mark.fault("a proxy that shows certificates that nobody believes")
def test_a_proxy_that_is_not_believed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Path, run: Command) -> None:
    """Crawl and update ask through a proxy whose authority is not trusted; an error that names the certificate, and nothing is read."""
    with inspecting(tmp_path, {}) as proxy:
        use(monkeypatch, proxy, believed=False)
        (error,) = ask(fetcher(), get(PAGE))
        assert isinstance(error, Unreachable)
        assert "CERTIFICATE_VERIFY_FAILED" in error.message
        before = query(reader, "select * from claims order by 1")
        done = run("update", FEED, "--db", reader)
        assert (done.code, "CERTIFICATE_VERIFY_FAILED" in done.err) == (3, True)
        assert query(reader, "select * from claims order by 1") == before
    assert not [line for line in proxy.asked if " GET " in line]


@pytest.mark.fault("a proxy whose password is wrong")
def test_a_wrong_password_of_a_proxy_is_said_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Path, run: Command
) -> None:
    """The proxy answers 407; crawl and update say so, and the password is in no message."""
    with inspecting(tmp_path, {}, user="reader:right") as proxy:
        use(monkeypatch, proxy, user="reader:wr0ng")
        (error,) = ask(fetcher(), get(PAGE))
        done = run("update", FEED, "--db", reader)
        with pytest.raises(Unreachable) as told:
            webhook.post("https://hooks.example/x", b"{}", seconds=10)
    assert "407" in error.message
    assert (done.code, "407" in done.err) == (3, True)
    assert "wr0ng" not in error.message + done.err + done.out + told.value.message


@pytest.mark.fault("an update behind a proxy that inspects TLS")
def test_an_update_comes_through_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], reader: Path, run: Command
) -> None:
    """The export is at an address that only the proxy reaches, below the company's authority; its facts come, and a message is posted the same way."""
    with inspecting(tmp_path, files | {"/hook": b""}, user="reader:s3cret") as proxy:
        use(monkeypatch, proxy, user="reader:s3cret")
        done = run("update", FEED, "--db", reader)
        webhook.post("https://hooks.example/hook", b"{}", seconds=10)
    assert done.code == 0, done.err
    assert query(reader, "select max(data_until) from lines") == [(DAY,)]
    assert {line.split()[0] for line in proxy.asked if " GET " in line or " POST " in line} == {"feed.example", "hooks.example"}


@pytest.mark.fault("a proxy beside addresses that it must not be asked for")
def test_what_the_environment_excepts_is_asked_directly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, feeds: Path, reader: Path, run: Command
) -> None:
    """NO_PROXY names the export's host, and another export is on this machine; the proxy is asked for neither."""
    with inspecting(tmp_path, {}) as proxy, served(feeds / "august" / "public") as address:
        use(monkeypatch, proxy)
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        assert run("update", address, "--db", reader).code == 0
        monkeypatch.setenv("NO_PROXY", "feed.invalid,.example")
        assert run("update", "https://feed.invalid/hotpatch/", "--db", reader).code == 3
    assert proxy.asked == []


@pytest.mark.fault("an update with a proxy or certificates that cannot be used")
@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "nonsense://x"), ("ALL_PROXY", "http://[::"), ("SSL_CERT_FILE", "/no/such/file.pem")]
)
def test_settings_that_cannot_be_used_are_bad_input(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, reader: Path, run: Command
) -> None:
    """The environment has such a value; one line that says what was expected, exit code 2, and nothing is read."""
    monkeypatch.setenv(name, value)
    done = run("update", FEED, "--db", reader)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "proxy or certificates of the environment" in done.err
