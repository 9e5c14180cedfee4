"""The files of deploy/: systemd accepts its units, cron's line is quiet but for failures, commands name options that exist."""

from __future__ import annotations

import ast
import contextlib
import gzip
import itertools
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.datasettes import get, opened
from helpers.serving import serving
from lxml import etree

from hotpatch_kb.db.store.connections import SEED_DATABASE
from hotpatch_kb.scraper.cli.group import cli

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def _systemd_analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, of Debian's package systemd")
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/hotpatch-kb/bin/hotpatch-kb", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = _systemd_analyze("verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
    said = [line for line in done.stderr.splitlines() if "hotpatch-kb" in line]
    assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_services_are_hardened(unit: Path) -> None:
    done = _systemd_analyze("security", "--offline=yes", "--threshold=20", unit)  # 20 stands for an exposure of 2.0
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr


@pytest.mark.parametrize(("code", "err"), [(0, ""), (5, ""), (3, "said\n"), (1, "said\n")])
def test_the_line_of_cron_mails_failures_alone(tmp_path: Path, code: int, err: str) -> None:
    line = (DEPLOY / "cron" / "hotpatch-kb").read_text(encoding="utf-8").splitlines()[-1]
    *when, user, command = line.split(maxsplit=6)
    assert (when, user, "%" in command) == (["*/15", "*", "*", "*", "*"], "hotpatch-kb", False)
    fake = tmp_path / "hotpatch-kb"
    fake.write_text(f"#!/bin/sh\necho said\nexit {code}\n", encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command.replace("/opt/hotpatch-kb/bin/hotpatch-kb", str(fake))], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("", err)


# The children of each element in the order of the documented schema (Task Scheduler, "Task Scheduler Schema Elements"): where it is a sequence
# schtasks refuses another; where it is not, this is what Export-ScheduledTask writes.
TASK_ORDER = {
    "Task": "RegistrationInfo Triggers Principals Settings Actions",
    "RegistrationInfo": "Source Date Author Version Description URI",
    "TimeTrigger": "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit RandomDelay",
    "Repetition": "Interval Duration StopAtDurationEnd",
    "Principal": "UserId LogonType GroupId RunLevel",
    "Settings": "MultipleInstancesPolicy DisallowStartIfOnBatteries StopIfGoingOnBatteries AllowHardTerminate StartWhenAvailable "
    "RunOnlyIfNetworkAvailable IdleSettings AllowStartOnDemand Enabled Hidden RunOnlyIfIdle WakeToRun ExecutionTimeLimit Priority RestartOnFailure",
    "Exec": "Command Arguments WorkingDirectory",
}


def test_the_task_of_windows() -> None:
    written = (DEPLOY / "windows" / "hotpatch-kb-crawl.xml").read_bytes()
    assert written.startswith(b"\xff\xfe")
    assert written[2:].decode("utf-16-le").startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n')
    task = etree.fromstring(written)
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert {etree.QName(element).namespace for element in task.iter(etree.Element)} == set(space.values())
    for element in task.iter(etree.Element):
        children = [etree.QName(child).localname for child in element.iterchildren(etree.Element)]
        if (order := TASK_ORDER.get(etree.QName(element).localname)) is not None:
            assert children == [name for name in order.split() if name in children], element.tag
    values = {
        "t:Triggers/t:TimeTrigger/t:Repetition/t:Interval": "PT15M",
        "t:Principals/t:Principal/t:UserId": "S-1-5-19",  # LOCAL SERVICE, by number: its name is translated
        "t:Principals/t:Principal/t:RunLevel": "LeastPrivilege",
        "t:Settings/t:MultipleInstancesPolicy": "IgnoreNew",
        "t:Settings/t:StartWhenAvailable": "true",
        "t:Settings/t:ExecutionTimeLimit": "PT2H",
    }
    assert {path: task.findtext(path, namespaces=space) for path in values} == values
    assert task.find("t:Principals/t:Principal/t:LogonType", space) is None  # "Password" would ask for one
    assert task.find("t:Triggers/t:TimeTrigger/t:Repetition/t:Duration", space) is None  # without it: for ever
    assert task.find("t:Principals/t:Principal", space).get("id") == task.find("t:Actions", space).get("Context")


def _fakes(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment in which these programs of ours come first; each notes its arguments in a file of its name with ".log"."""
    for name, body in scripts.items():
        fake = folder / name.replace("_", "-")
        fake.write_text(f'#!/bin/sh\necho "$*" >>"$0.log"\n{body}\n', encoding="utf-8")
        fake.chmod(0o755)
    return {"PATH": f"{folder}:{os.defpath}", "HOME": str(folder)}


KUBERNETES = sorted((DEPLOY / "kubernetes").iterdir())


def _resources() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for file in KUBERNETES for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("version", ["1.25", None], ids=["oldest", "newest"])
def test_kubernetes_knows_every_field(version: str | None) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate, of the extra test")
    for resource in _resources().values():
        kubernetes.validate(resource, version or kubernetes.latest_version(), strict=True)
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate({**_resources()["CronJob"], "spce": {}}, version or kubernetes.latest_version(), strict=True)


@pytest.mark.fault("a probe that asks for what a published site has closed", of="site")
def test_probes_ask_for_what_a_published_site_has(seeded: Path) -> None:
    """Each address of the probes and of the health check of Compose is asked of the site as it is published there; 200."""
    (container,) = _resources()["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "--public" in container["args"]
    paths = {probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}
    compose = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    paths |= set(re.findall(r"http://127\.0\.0\.1:8001(/[^']*)", compose))
    assert len(paths) >= 2
    with opened(seeded, public=True) as ds:
        assert {path: get(ds, path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_others_reach_the_site_alone_and_the_site_nobody() -> None:
    policies = {
        one["metadata"]["name"]: one["spec"]
        for one in yaml.safe_load_all((DEPLOY / "kubernetes" / "network.yaml").read_text(encoding="utf-8"))
    }
    found = _resources()
    pods = {
        "hotpatch-kb-site": found["Deployment"]["spec"]["template"],
        "hotpatch-kb-crawl": found["CronJob"]["spec"]["jobTemplate"]["spec"]["template"],
    }
    for name, pod in pods.items():
        assert policies[name]["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
        assert policies[name]["policyTypes"] == ["Ingress", "Egress"]
    (container,) = pods["hotpatch-kb-site"]["spec"]["containers"]
    assert [rule["ports"][0]["port"] for rule in policies["hotpatch-kb-site"]["ingress"]] == [container["ports"][0]["containerPort"]]
    assert (policies["hotpatch-kb-site"]["egress"], policies["hotpatch-kb-crawl"]["ingress"]) == ([], [])
    assert {port["port"] for rule in policies["hotpatch-kb-crawl"]["egress"] for port in rule["ports"]} == {53, 443}


def test_pods_are_confined_and_share_a_volume_of_one_node() -> None:
    found = _resources()
    claim, site, cron = found["PersistentVolumeClaim"], found["Deployment"]["spec"], found["CronJob"]["spec"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert (site["replicas"], site["strategy"]) == (1, {"type": "Recreate"})
    assert (cron["concurrencyPolicy"], cron["startingDeadlineSeconds"] > 10) == ("Forbid", True)  # below 10 a CronJob may never start
    assert cron["jobTemplate"]["spec"]["backoffLimit"] == 0
    crawl = cron["jobTemplate"]["spec"]["template"]["spec"]
    for pod in (site["template"]["spec"], crawl):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (near,) = crawl["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = site["template"]["metadata"]["labels"]
    assert near["labelSelector"]["matchLabels"] == site["selector"]["matchLabels"] == found["Service"]["spec"]["selector"] == labels
    assert labels.items() != cron["jobTemplate"]["spec"]["template"]["metadata"]["labels"].items()  # the service must not reach a crawl


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (3, 0), (5, 0), (1, 1), (2, 2), (137, 137)])
def test_the_job_does_not_fail_because_of_a_source(tmp_path: Path, code: int, ends: int) -> None:
    (container,) = _resources()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    done = subprocess.run(container["command"], env=_fakes(tmp_path, hotpatch_kb=f"exit {code}"), check=False)
    assert (done.returncode, (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8")) == (ends, "crawl --due\n")


def _schema_accepts(schema: str, file: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="needs check-jsonschema, of the extra test")
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


DOCKER = DEPLOY / "docker"


def _steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile: name and rest, lines joined."""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line]


def test_compose() -> None:
    _schema_accepts("vendor.compose-spec", DOCKER / "compose.yaml")
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services.keys() == {"site", "crawl"}
    for service in services.values():
        assert (service["read_only"], service["cap_drop"], service["volumes"]) == (True, ["ALL"], ["data:/data"])
    assert services["site"]["ports"] == ["127.0.0.1:8001:8001"]
    ast.parse(services["site"]["healthcheck"]["test"][-1])


@pytest.mark.fault("a dependency that is another than the one that was tested")
def test_everything_that_is_installed_is_pinned() -> None:
    """Each image is named by its digest, each package by its version and hashes, each action by its commit; the workflow installs by the locks too."""
    for name, rest in _steps():
        if name == "FROM":
            assert re.fullmatch(r"\S+@sha256:[0-9a-f]{64}( AS \w+)?", rest)
    for lock in ("image", "build", "development"):
        text = (DEPLOY.parent / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", "")
        for line in filter(None, text.splitlines()):
            assert re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
    installs = [
        line for step in _workflow()["jobs"]["crawl"]["steps"] for line in step.get("run", "").splitlines() if "pip install" in line
    ]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    updates = yaml.safe_load((DEPLOY / "github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "docker", "github-actions"}


def test_the_bill_of_materials_is_of_the_image() -> None:
    bill = json.loads((DEPLOY.parent / "requirements" / "image.cdx.json").read_text(encoding="utf-8"))
    pins = re.findall(
        r"^([a-z0-9._-]+)==([^ ]+)", (DEPLOY.parent / "requirements" / "image.txt").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert bill["bomFormat"] == "CycloneDX"
    assert sorted((one["name"], one["version"]) for one in bill["components"]) == sorted(pins)
    assert all(one["purl"].startswith("pkg:pypi/") and one["externalReferences"][0]["hashes"] for one in bill["components"])


def _certificate(folder: Path) -> None:
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hotpatch.example.org", "-addext", "subjectAltName=DNS:hotpatch.example.org",
         "-keyout", folder / "site.key", "-out", folder / "site.pem"], capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _proxied(
    command: list[str | Path], port: int, certificates: Path, log: Path, **environment: str
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run a proxy; give what asks it over TLS for a path, and returns status and answer. ``certificates`` is there when the proxy is ready, if not before."""

    def ask(path: str, host: str = "hotpatch.example.org") -> tuple[int, str]:
        trusted = ssl.create_default_context(cafile=certificates)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
            trusted.wrap_socket(plain, server_hostname="hotpatch.example.org") as tls,
        ):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = tls.makefile("rb").read().decode()
        return int(answer.split()[1]), answer

    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors, env=os.environ | environment) as proxy:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    ask("/robots.txt")
                    break
                time.sleep(0.1)
            yield ask
        finally:
            proxy.terminate()


@contextlib.contextmanager
def _public(folder: Path) -> Iterator[str]:
    """Serve a public site; give its address."""
    with serving(folder, "--no-crawl", "--public") as served:
        yield served.until(r"^serving (\S+)")[1].rstrip("/")


def test_the_proxy_of_nginx(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("needs nginx and openssl: apt-get install nginx-light openssl")
    _certificate(tmp_path)
    port = _free_port()
    with _public(tmp_path) as site:
        conf = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
        for written, ours in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("server 127.0.0.1:8001 ", f"server {site.removeprefix('http://')} "), ("/var/cache/nginx/hotpatch-kb", f"{tmp_path}/cache"),
            ("/etc/ssl/hotpatch.example.org.pem", f"{tmp_path}/site.pem"), ("/etc/ssl/private/hotpatch.example.org.key", f"{tmp_path}/site.key"),
        ):  # fmt: skip
            assert written in conf
            conf = conf.replace(written, ours)
        user = "user root;" if getattr(os, "geteuid", lambda: 1)() == 0 else ""
        (tmp_path / "nginx.conf").write_text(
            f"{user} daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; events {{}} http {{ access_log off; {conf} }}",
            encoding="utf-8",
        )
        with _proxied([nginx, "-c", tmp_path / "nginx.conf", "-p", tmp_path], port, tmp_path / "site.pem", tmp_path / "nginx.log") as ask:
            status, answer = ask("/feeds/releases.atom", host="evil.example")
            assert (status, "evil.example" in answer, "https://hotpatch.example.org/" in answer) == (200, False, True)
            assert ask("/-/versions.json")[0] == 404
            assert {ask("/robots.txt")[0] for _ in range(60)} <= {200, 503}


def test_the_proxy_of_caddy(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("needs Caddy: apt-get install caddy")
    port = _free_port()
    with _public(tmp_path) as site:
        conf = (DEPLOY / "proxy" / "Caddyfile").read_text(encoding="utf-8")
        for written, ours in (
            # Here Caddy signs by itself, since nobody outside can reach it to prove the name.
            ("hotpatch.example.org {", f"{{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}}\nhotpatch.example.org:{port} {{\n bind 127.0.0.1\n tls internal"),
            ("127.0.0.1:8001", site.removeprefix("http://")),
        ):  # fmt: skip
            assert written in conf
            conf = conf.replace(written, ours)
        (tmp_path / "Caddyfile").write_text(conf, encoding="utf-8")
        root = tmp_path / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        command = [caddy, "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"]
        with _proxied(
            command, port, root, tmp_path / "caddy.log", XDG_DATA_HOME=f"{tmp_path}/data", XDG_CONFIG_HOME=f"{tmp_path}/config"
        ) as ask:
            status, answer = ask("/feeds/releases.atom")
            assert (status, "https://hotpatch.example.org" in answer) == (200, True)
            assert "evil.example" not in ask("/feeds/releases.atom", host="evil.example")[1]
            assert ask("/-/versions.json")[0] == 404


def test_the_image_is_not_roots() -> None:
    last = dict(_steps())
    assert (last["USER"], last["VOLUME"], last["ENTRYPOINT"]) == ("10001:10001", "/data", '["hotpatch-kb"]')


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (6, 0), (1, 1), (2, 1), (137, 1)])
def test_a_container_is_healthy_while_microsoft_is_away(tmp_path: Path, code: int, ends: int) -> None:
    command = dict(_steps())["HEALTHCHECK"].split("CMD ", maxsplit=1)[1]
    done = subprocess.run(["sh", "-c", command], env=_fakes(tmp_path, hotpatch_kb=f"exit {code}"), check=False)
    assert (done.returncode, (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8")) == (ends, "status\n")


def _in_root(root: Path, command: str, environment: dict[str, str], folder: str = "/", user: str = "0:0") -> str:
    """Runs a command in a root that has this machine's /usr, its Python and its package indexes, and nothing else of it."""
    shown = [
        path
        for path in ("/usr", sys.base_prefix, "/etc/ssl", "/etc/xdg/pip", "/opt/wheels", "/opt/pypi", "/opt/pypi-more")
        if Path(path).exists()
    ]
    script = ["set -e", *(f"mkdir -p {root}{path}; mount --rbind {path} {root}{path}" for path in [*shown, "/dev", "/proc"])]
    script += [f"mount -o remount,bind,ro {root}{path}" for path in shown]
    uid, gid = user.split(":")
    script.append('exec chroot "$1" /usr/bin/setpriv --reuid "$2" --regid "$3" --clear-groups /bin/sh -c "cd $4 && $5"')
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(script), "sh", str(root), uid, gid, folder, command],
        env={"PATH": f"{environment.get('PATH', '')}:{sys.base_prefix}/bin:/usr/sbin:/usr/bin:/sbin:/bin", **{k: v for k, v in environment.items() if k != "PATH"}},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _new_root(root: Path) -> Path:
    for name in ("etc", "tmp", "opt", "root"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in ("passwd", "group", "shadow", "gshadow"):
        (root / "etc" / name).write_text("root:x:0:0:root:/root:/bin/sh\n" if name == "passwd" else "", encoding="utf-8")
    for name in ("resolv.conf", "hosts", "nsswitch.conf", "login.defs", "pip.conf"):
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), root / "etc" / name)
    return root


@pytest.mark.skipif("HOTPATCH_KB_LONG" not in os.environ, reason="a minute, and a package index: HOTPATCH_KB_LONG=1")
def test_the_steps_of_the_dockerfile_in_a_clean_root(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount")
    tmp_path.chmod(0o755)
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    context = [DEPLOY.parent / line[1:] for line in ignore if line.startswith("!")]
    root, stages, here, user, environment = tmp_path, {}, "/", "0:0", dict(pip)
    for name, rest in _steps():
        if name == "FROM":
            root, here, user, environment = _new_root(tmp_path / f"root{len(stages)}"), "/", "0:0", dict(pip)
            stages[rest.partition(" AS ")[2]] = root
        elif name == "WORKDIR":
            here = rest
            (root / here[1:]).mkdir(exist_ok=True)
        elif name == "USER":
            user = rest
        elif name == "ENV":
            environment |= dict(word.split("=", 1) for word in rest.split())
        elif name == "RUN":
            _in_root(root, rest, environment, here, user)
        elif name == "COPY" and rest == ". .":
            for source in context:
                if source.is_dir():
                    shutil.copytree(source, root / here[1:] / source.name, ignore=shutil.ignore_patterns("__pycache__", "seed.db"))
                else:
                    shutil.copy(source, root / here[1:] / source.name)
        elif name == "COPY":
            stage, source, target = rest.removeprefix("--from=").split()
            shutil.copytree(stages[stage] / source[1:], root / target[1:], symlinks=True)
        else:
            assert name in {"VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}, name
    last = dict(_steps())
    assert _in_root(root, "id -un; stat -c %U:%a /data", environment, here, user) == "hotpatch-kb\nhotpatch-kb:750\n"
    (program,) = json.loads(last["ENTRYPOINT"])
    database = root / "data" / "hotpatch.db"  # as serve makes it from the embedded facts
    shutil.copy(SEED_DATABASE, database)
    os.chown(database, *map(int, user.split(":")))
    assert "KB5060842" in _in_root(root, f"{program} lookup KB5060842", environment, here, user)
    _in_root(root, last["HEALTHCHECK"].split("CMD ", maxsplit=1)[1], environment, here, user)  # of the embedded facts, which are stale: 6
    assert list((root / "data").iterdir()) == [database]
    for root in stages.values():  # 200 MB each, which pytest would keep
        shutil.rmtree(root)


WORKFLOW = DEPLOY / "github" / "crawl.yml"

# GitHub's releases as folders. What a step asks of its JSON is a list of names in each case.
GH = """
cd "$HOME/releases" || exit 1
case "$1 $2" in
"release list") [ ! -e ../list-fails ] && ls ;;
"release view") [ -d "$3" ] && ls "$3" ;;
"release download") [ ! -e ../download-fails ] && cp "$3/state.tar.gz" "$OLDPWD" ;;
"release create") mkdir "$3" && cp "$OLDPWD/$7" "$3/notes" ;;
"release edit") cp "$OLDPWD/$5" "$3/notes" ;;
"release upload") [ "$6" = --clobber ] && cp "$OLDPWD/$4" "$OLDPWD/$5" "$3" ;;
*) exit 9 ;;
esac
"""
CRAWL = """
case $1 in
changes) echo "- what is new"; exit 0 ;;
export) mkdir "$2" && cp "${6:-/dev/null}" "$2/index.json.sig"; exit 0 ;;
crawl) [ -e "$HOME/nothing-due" ] && exit 0 ;;
*) exit 9 ;;
esac
sleep 0.05  # more than a tick of the file system's clock
mkdir -p data/hotpatch.db.archive
echo page >>data/hotpatch.db.archive/log
python -c "import sqlite3; sqlite3.connect('data/hotpatch.db').executescript('pragma journal_mode = wal; create table if not exists t(x)')"
touch data/hotpatch.db.lock
exit $CODE
"""


def _workflow() -> dict[str, Any]:
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


@pytest.fixture
def run_steps(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs steps of the workflow as a runner does, each time in a new folder: exit code of the first that failed, and what was printed."""
    (tmp_path / "releases").mkdir()
    environment = _fakes(tmp_path, gh=GH, hotpatch_kb=CRAWL)
    (tmp_path / "python").symlink_to(sys.executable)
    numbers = itertools.count()
    job = _workflow()["jobs"]["crawl"]

    def run(*names: str, code: int = 0, **variables: str) -> tuple[int, str]:
        folder = tmp_path / f"work{next(numbers)}"
        folder.mkdir()
        said = ""
        for step in job["steps"]:
            if step.get("name") in names:
                done = subprocess.run(
                    ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=folder, text=True, check=False,
                    env={**environment, "HOTPATCH_KB_DB": job["env"]["HOTPATCH_KB_DB"], "CODE": str(code), "GITHUB_OUTPUT": str(tmp_path / "outputs"), **variables},
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )  # fmt: skip
                said += done.stdout
                if done.returncode:
                    return done.returncode, said
        return 0, said

    return run


ALL = ("Restore", "Crawl", "Publish")


def test_the_workflow_of_github() -> None:
    _schema_accepts("vendor.github-workflows", WORKFLOW)
    workflow = _workflow()
    assert workflow["permissions"] == {"contents": "write"}
    assert workflow["concurrency"] == {"group": "hotpatch-kb-crawl", "cancel-in-progress": False}
    assert workflow["jobs"]["crawl"]["defaults"] == {"run": {"shell": "bash"}}  # which is what makes it stop where a pipe fails
    for step in (*workflow["jobs"]["crawl"]["steps"], *workflow["jobs"]["pages"]["steps"]):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40))
        if "run" in step:
            assert "${{" not in step["run"]  # a value would be read as a script
            done = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), step["name"]


def _state(release: Path) -> tuple[set[str], str]:
    with tarfile.open(release / "state.tar.gz") as state:
        log = state.extractfile("data/hotpatch.db.archive/log")
        assert log is not None
        return set(state.getnames()), log.read().decode()


def test_the_workflow_goes_on_where_the_last_release_ended(tmp_path: Path, run_steps: Callable[..., tuple[int, str]]) -> None:
    (tmp_path / "releases" / "data-2026-01").mkdir()
    code, said = run_steps(*ALL)
    assert code == 1
    assert "none could be restored" in said
    (tmp_path / "releases" / "data-2026-01").rmdir()

    assert run_steps(*ALL)[0] == 0  # the first crawl
    (release,) = (tmp_path / "releases").iterdir()
    files = {"data", "data/hotpatch.db", "data/hotpatch.db.archive", "data/hotpatch.db.archive/log"}
    assert _state(release) == (files, "page\n")
    assert (release / "notes").read_text(encoding="utf-8") == "- what is new\n"

    code, said = run_steps(*ALL, code=3)
    assert (code, "::warning::a source failed" in said) == (0, True)
    assert _state(release) == (files, "page\npage\n")
    with gzip.open(release / "hotpatch.db.gz") as database:
        assert database.read(15) == b"SQLite format 3"

    later = tmp_path / "releases" / "data-9999-12"  # its upload died
    later.mkdir()
    code, said = run_steps("Restore")
    assert (code, f"restored from {release.name}" in said) == (0, True)
    later.rmdir()

    (tmp_path / "nothing-due").touch()
    code, said = run_steps(*ALL)
    assert (code, said.splitlines()[-1]) == (0, "nothing new")
    uploads = [line for line in (tmp_path / "gh.log").read_text(encoding="utf-8").splitlines() if " upload " in line]
    assert uploads == [f"release upload {release.name} state.tar.gz hotpatch.db.gz --clobber"] * 2
    month = release.name.removeprefix("data-")
    assert f"changes --since {month}-01 --format markdown" in (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("trouble", ["list-fails", "download-fails"])
def test_the_workflow_does_not_begin_anew_because_github_is_away(
    tmp_path: Path, run_steps: Callable[..., tuple[int, str]], trouble: str
) -> None:
    assert run_steps(*ALL)[0] == 0
    (tmp_path / trouble).touch()
    assert run_steps(*ALL)[0] != 0
    assert (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8").count("crawl") == 1


@pytest.mark.parametrize("code", [1, 2, 5])
def test_the_workflow_publishes_nothing_of_a_crawl_that_failed(
    tmp_path: Path, run_steps: Callable[..., tuple[int, str]], code: int
) -> None:
    assert run_steps(*ALL, code=code)[0] == code
    assert not list((tmp_path / "releases").iterdir())


def test_the_workflow_publishes_an_export_on_pages(tmp_path: Path, run_steps: Callable[..., tuple[int, str]]) -> None:
    """Signed where there is a key, whose file only the runner's user can read; after a crawl that found something, by a job that may write pages alone."""
    assert run_steps(*ALL)[0] == 0
    assert (tmp_path / "outputs").read_text(encoding="utf-8") == "is_new=true\n"
    for number, key in enumerate(("", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"), 1):
        code, said = run_steps("Export", ADDRESS="https://a.example/kb/", KEY=key, RUNNER_TEMP=str(tmp_path))
        assert code == 0, said
        signature = (tmp_path / f"work{number}" / "public" / "index.json.sig").read_text(encoding="utf-8")
        assert signature == (f"{key}\n" if key else "")
        asked = (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8").splitlines()[-1]
        assert asked == "export public --url https://a.example/kb/" + (f" --key {tmp_path / 'export.key'}" if key else "")
    assert (tmp_path / "export.key").stat().st_mode & 0o077 == 0
    jobs = _workflow()["jobs"]
    steps = {step.get("name", step.get("uses", "").partition("@")[0]): step for step in jobs["crawl"]["steps"]}
    assert steps["Export"]["if"] == "vars.HOTPATCH_KB_ADDRESS != '' && steps.publish.outputs.is_new == 'true'"
    assert steps["actions/upload-pages-artifact"]["with"] == {"path": "public"}
    assert jobs["pages"]["if"] == "needs.crawl.outputs.is_exported == 'true'"
    assert jobs["pages"]["permissions"] == {"pages": "write", "id-token": "write"}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-16" if file.suffix == ".xml" else "utf-8")


def _command_lines() -> Iterator[tuple[Path, list[str]]]:
    """Every command line of ours in deploy/ and docs/deploy.md: after the program's name, or as a list of arguments of an image."""
    for file in (*sorted(path for path in DEPLOY.rglob("*") if path.is_file()), DEPLOY.parent / "docs" / "deploy.md"):
        text = _text(file)
        for line in re.findall(r"\bhotpatch-kb ([a-z]+(?=[\s`\"';)]).*)", text):
            yield file, [word.strip("\"'") for word in re.split(r"\d?>|[|;&)`<,]", line)[0].split()]
        for line in re.findall(r"^\s*(?:args:|command:|CMD) \[(.*)\]", text, flags=re.MULTILINE):
            words = [word.strip(" \"'") for word in line.split(",")]
            if not words[0].startswith("/"):
                yield file, words
        for line in re.findall(r"<Arguments>(.*)</Arguments>", text):
            yield file, line.split()


def test_commands_name_what_exists() -> None:
    told = set()
    for file, (name, *words) in _command_lines():
        assert name in cli.commands, f"{file.name}: {name}"
        options = {option for parameter in cli.commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= options, f"{file.name}: {name} {words}"
        told.add(file.parent.name)
    assert told == {folder.name for folder in DEPLOY.iterdir()} | {"docs"}  # each kind of file has at least one that is found
