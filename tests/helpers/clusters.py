"""Spark clusters on loopback: a master and workers of one core each, as processes."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
# A compiler that starts quickly, for processes that live for seconds.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


def _home() -> Path:
    """Return the folder of PySpark."""
    found = importlib.util.find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process of Spark: loopback alone, nothing of the settings of whoever runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_", "JDK_", "_JAVA", "MASTER"))}
    (folder / "conf").mkdir(exist_ok=True)
    return kept | {
        "SPARK_HOME": str(_home()), "SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_DIRS": str(folder / "local"), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_PUBLIC_DNS": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "JAVA_TOOL_OPTIONS": QUICK, "PYTHONPATH": str(PROJECT),
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
    } | more  # fmt: skip


def on_processor(number: int) -> list[str]:
    """Return the beginning of a command that runs on one processor."""
    return ["taskset", "--cpu-list", str(number)]


@contextmanager
def cluster(folder: Path, *, workers: int = 2, memory: str = "1g", java: str = QUICK, is_pinned: bool = False) -> Iterator[str]:
    """Provide the address of a master.

    Args:
        folder: for its logs and scratch files; it exists.
        workers: how many.
        memory: of a worker, as Spark writes it.
        java: options of the Java processes.
        is_pinned: each worker has a processor of its own, as a machine of one core has: else its compiler and collector take that of another. The
            master has that of the first worker, and so should a driver: one machine has all of them.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str, processor: int | None = None) -> None:
        with (folder / f"{name}.log").open("wb") as log:
            command = [*(on_processor(processor) if processor is not None else []), str(_home() / "bin" / "spark-class"), *arguments]
            given = environment(folder, JAVA_TOOL_OPTIONS=java)
            started.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=given, cwd=folder))

    def until(name: str, text: str) -> None:
        limit = time.monotonic() + 120
        while text not in (said := (folder / f"{name}.log").read_text(errors="replace")):
            if time.monotonic() > limit or any(process.poll() is not None for process in started):
                raise RuntimeError(said[-2000:])
            time.sleep(0.1)

    names = [f"worker-{number}" for number in range(workers)]
    try:
        start(
            "master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0",
            processor=0 if is_pinned else None,
        )  # fmt: skip
        for number, name in enumerate(names):
            start(
                name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", "--cores", "1",
                "--memory", memory, "--work-dir", str(folder / name), f"spark://127.0.0.1:{port}",
                processor=number % (os.cpu_count() or 1) if is_pinned else None,
            )  # fmt: skip
        for name in names:
            until(name, "Successfully registered with master")
        yield f"spark://127.0.0.1:{port}"
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
