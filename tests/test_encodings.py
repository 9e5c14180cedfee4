"""Encodings of inventories, as Excel, PowerShell 5.1 and cmd.exe write them. Expected values are written by hand; embedded facts, on 2026-07-20."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from pathlib import Path

import pytest
from conftest import Command

DAY = "2026-07-20"
EXCEL = "Rechner;Betriebssystem;Build;Standort\r\nSRV1;Windows Server 2022;20348.5386;Köln\r\nSRV2;Windows Server 2025;26100.33158;Bonn\r\n"
JAPANESE = (
    "コンピューター名,OS 名,OS ビルド,拠点\r\nSRV1,Windows Server 2022,20348.5386,東京\r\nSRV2,Windows Server 2025,26100.33158,大阪\r\n"
)
RUSSIAN = "Компьютер;ОС;Сборка;Город\r\nSRV1;Windows Server 2022;20348.5386;Москва\r\nSRV2;Windows Server 2025;26100.33158;Тверь\r\n"
KOREAN = "컴퓨터 이름,운영 체제,빌드,위치\r\nSRV1,Windows Server 2022,20348.5386,서울\r\nSRV2,Windows Server 2025,26100.33158,부산\r\n"
CHINESE = "计算机名,操作系统,内部版本,城市\r\nSRV1,Windows Server 2022,20348.5386,北京\r\nSRV2,Windows Server 2025,26100.33158,上海\r\n"

# By name: the bytes, the last cell of the first machine, the encoding that is guessed ("" where the bytes say it).
HABITS: dict[str, tuple[bytes, str, str]] = {
    "Excel's CSV in German": (EXCEL.encode("cp1252"), "Köln", "cp1252"),
    "Excel's CSV in German, with sep=": (b"sep=;\r\n" + EXCEL.encode("cp1252"), "Köln", "cp1252"),
    "Excel's CSV in Japanese": (JAPANESE.encode("cp932"), "東京", "cp932"),
    "Excel's CSV in Russian": (RUSSIAN.encode("cp1251"), "Москва", "cp1251"),
    "Excel's CSV in Korean": (KOREAN.encode("cp949"), "서울", "cp949"),
    "Excel's CSV in Chinese": (CHINESE.encode("gb18030"), "北京", "gb18030"),
    "Excel's CSV UTF-8": (codecs.BOM_UTF8 + EXCEL.encode(), "Köln", ""),
    "Excel's Unicode text": (codecs.BOM_UTF16_LE + JAPANESE.replace(",", "\t").encode("utf-16-le"), "東京", ""),
    "cmd.exe in German": (EXCEL.encode("cp850"), "Köln", "cp850"),
    "cmd.exe in Russian": (RUSSIAN.encode("cp866"), "Москва", "cp866"),
    "Export-Csv of PowerShell 5.1 with -Encoding Unicode": (
        codecs.BOM_UTF16_LE + ("#TYPE System.Object\r\n" + "".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) + "\r\n" for line in JAPANESE.splitlines())).encode("utf-16-le"), "東京", "",
    ),
    "PowerShell 5.1 that appends with >>": (JAPANESE.encode("utf-16-le"), "東京", ""),
    "UTF-16 of the other order without a BOM": (EXCEL.encode("utf-16-be"), "Köln", ""),
    "UTF-16 of the other order": (codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be"), "Москва", ""),
    "UTF-32": (EXCEL.encode("utf-32"), "Köln", ""),
    "gzip of a code page": (gzip.compress(RUSSIAN.encode("cp1251")), "Москва", "cp1251"),
}  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
def test_habits(habit: str, run: Command, tmp_path: Path) -> None:
    body, place, guessed = HABITS[habit]
    (tmp_path / "fleet").write_bytes(body)
    done = run("assess", "fleet", "--on", DAY)
    rows = list(csv.reader(io.StringIO(done.out)))
    assert [(row[0], row[2], row[4], row[6]) for row in rows[1:]] == [
        ("SRV1", "20348.5386", "current", "KB5099540"), ("SRV2", "26100.33158", "current", "KB5099536"),
    ]  # fmt: skip
    assert rows[1][3] == place
    said = f"encoding: neither UTF-8 nor UTF-16, read as {guessed}; --encoding NAME says another"
    assert [line for line in done.err.splitlines() if line.startswith("encoding")] == ([said] if guessed else [])


@pytest.mark.parametrize("name", ["cp932", "Shift_JIS", "sjis", "windows-31j", "MS932"])
def test_an_encoding_may_be_named(name: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes("host,build,拠点\nSRV1,26100.33158,①髙\n".encode("cp932"))
    done = run("assess", "fleet", "--on", DAY, "--encoding", name)
    assert (done.code, done.out.splitlines()[1].split(",")[:4]) == (0, ["SRV1", "26100.33158", "①髙", "current"])
    assert "encoding:" not in done.err


@pytest.mark.parametrize(
    ("body", "encoding", "said"),
    [
        (b"build\n26100.33158\n", "rot13", "expected an encoding such as cp1252, cp932, cp1251 or utf-16, got 'rot13'"),
        (b"build\n26100.33158\n", "Klingon", "expected an encoding such as cp1252, cp932, cp1251 or utf-16, got 'Klingon'"),
        ("build,ort\n26100.33158,Köln\n".encode("cp1252"), "ascii", "expected text in ascii, got 'ascii' codec can't decode byte 0xf6"),
        (b"PK\x03\x04" + bytes(100), None, "expected CSV, JSON, Parquet or text, got a ZIP file or an Excel workbook; save the table as CSV"),
    ],
)  # fmt: skip
def test_wrong_encodings_are_one_line(body: bytes, encoding: str | None, said: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes(body)
    done = run("assess", "fleet", "--on", DAY, *(["--encoding", encoding] if encoding else []))
    assert (done.code, done.out, done.err.splitlines()[-1].startswith(f"hotpatch-kb: {said}")) == (2, "", True), done.err


@pytest.mark.parametrize("tail", [b"SRV,\xe6\x9d\xb1,1\nSRV,K\xf6ln,1\n", b'SRV,"open,26100.33158\n'], ids=["a byte", "a quote"])
@pytest.mark.parametrize("option", [(), ("-o", "judged.csv"), ("--format", "json")])
def test_no_half_of_an_output(tail: bytes, option: tuple[str, ...], run: Command, tmp_path: Path) -> None:
    """Row 50,000 is bad: exit code 2, nothing on standard output, no file."""
    (tmp_path / "fleet").write_bytes(b"host,ort,build\n" + b"SRV,Bonn,26100.33158\n" * 50_000 + tail)
    done = run("assess", "fleet", "--on", DAY, *option)
    assert (done.code, done.out, (tmp_path / "judged.csv").exists()) == (2, "", False)
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]


def test_a_code_page_that_begins_late(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes(b"host,build,ort\n" + b"SRV,26100.33158,Bonn\n" * 50_000 + "SRV,26100.33158,Köln\n".encode("cp1252"))
    done = run("assess", "fleet", "--on", DAY)
    assert (done.code, done.out.count(",current,"), done.out.splitlines()[-1].split(",")[2]) == (0, 50_001, "Köln")
