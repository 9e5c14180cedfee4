"""Inventories in XML, HTML, YAML and the answers of databases: read whole, or refused with one line that names what came and what to give instead.

26100.33158 is current on 2026-07-24, and 26100.32995 alone is ambiguous. The texts are written as the tools print them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

DAY = "2026-07-24"
NEW, OLD = "10.0.26100.33158", "10.0.26100.32995"
TWO = ["current", "ambiguous"]
TABLE = "<table><tr><th>Name</th><th>OS&nbsp;Build</th></tr><tr><td><a href='x'>srv1</a></td><td>26100.<b>33158</b></td></tr><tr><td>srv2</td><td>26100.32995</td></tr></table>"


def _verdicts(run: Command, tmp_path: Path, content: Any) -> list[str]:
    data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
    (tmp_path / "fleet").write_bytes(data)
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl")
    assert done.code == 0, done.err
    return [json.loads(line)["verdict"] for line in done.out.split("\n") if line]


NAMES, ROWS = ["DeviceName", "OSBuild"], [["srv1", NEW], ["srv2", OLD]]
ANSWERS = {
    "Kusto, version 1": {"Tables": [
        {"TableName": "Table_0", "Columns": [{"ColumnName": name, "DataType": "String"} for name in NAMES], "Rows": ROWS},
        {"TableName": "QueryStatus", "Columns": [{"ColumnName": "Timestamp"}, {"ColumnName": "Severity"}], "Rows": [["2026", "4"]]},
    ]},
    "Kusto, version 2": [
        {"FrameType": "DataSetHeader", "Version": "v2.0"}, {"FrameType": "DataTable", "Columns": [{"ColumnName": name} for name in NAMES], "Rows": ROWS}, {"FrameType": "DataSetCompletion", "HasErrors": False},
    ],
    "Log Analytics": {"tables": [{"name": "PrimaryResult", "columns": [{"name": name, "type": "string"} for name in NAMES], "rows": ROWS}]},
    "Splunk": {"preview": False, "messages": [], "fields": ["host", "OSBuild"], "rows": ROWS},
    "Elastic": {"columns": [{"name": "host.name", "type": "keyword"}, {"name": "host.os.kernel", "type": "keyword"}], "values": ROWS},
    "Tanium": {"data": {"result_sets": [{
        "columns": [{"hash": 1, "name": "Computer Name"}, {"hash": 2, "name": "Windows OS Build"}], "rows": [{"id": host, "data": [[{"text": host}], [{"text": build}]]} for host, build in ROWS],
    }]}},
    "InfluxDB": {"results": [{"series": [{"name": "win", "columns": ["host", "OSBuild"], "values": ROWS}]}]},
    "ClickHouse": {"meta": [{"name": "host", "type": "String"}, {"name": "build", "type": "String"}], "data": ROWS, "rows": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_with_names_beside_rows(name: str, run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, ANSWERS[name]) == TWO


def test_an_answer_whose_rows_lack_cells_is_refused(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(json.dumps({"columns": NAMES, "rows": [["srv1", NEW], ["srv2"]]}))
    assert run("assess", "fleet", "--on", DAY).code == 2


CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{}</Objs>'
DOCUMENTS = {
    "one line": ("<machines><machine><name>srv1</name><build>26100.33158</build></machine><machine><name>srv2</name><build>26100.32995</build></machine></machines>", TWO),
    "attributes": (f'<?xml version="1.0"?>\n<inventory date="x"><host name="srv1" build="{NEW}"/><host name="srv2" build="{OLD}"/></inventory>', TWO),
    "namespaces": (f'<n:l xmlns:n="urn:x"><n:host><n:name>srv1</n:name><n:osBuild>{NEW}</n:osBuild></n:host><n:host><n:name>srv2</n:name><n:osBuild>{OLD}</n:osBuild></n:host></n:l>', TWO),
    "a DataSet of one": (f"<NewDataSet><Table><Computer>srv1</Computer><OSBuild>{NEW}</OSBuild></Table></NewDataSet>", ["current"]),
    "ConvertTo-Xml": ("".join(["<Objects>", *(f'<Object><Property Name="Name" Type="System.String">{host}</Property><Property Name="Build" Type="System.String">{build}</Property></Object>' for host, build in ROWS), "</Objects>"]), TWO),
    "Export-Clixml": (CLIXML.format("".join(f'<Obj RefId="{host}"><TN RefId="0"><T>X</T></TN><MS><S N="PSComputerName">{host}</S><S N="Build">{build}</S></MS></Obj>' for host, build in ROWS)), TWO),
    "Export-Clixml, nested": (CLIXML.format(f'<Obj RefId="0"><MS><S N="Name">srv1</S><Obj N="OS" RefId="1"><MS><S N="Version">{NEW}</S></MS></Obj></MS></Obj>'), ["current"]),
    "wmic": ('<COMMAND><RESULTS NODE="SRV1"><CIM><INSTANCE CLASSNAME="Win32_OperatingSystem"><PROPERTY NAME="BuildNumber" TYPE="string"><VALUE>26100</VALUE></PROPERTY></INSTANCE></CIM></RESULTS></COMMAND>', ["unknown"]),
    "GLPI": (f"<REQUEST><CONTENT><HARDWARE><NAME>SRV1</NAME><OSVERSION>10.0.26100</OSVERSION></HARDWARE><OPERATINGSYSTEM><KERNEL_VERSION>{NEW}</KERNEL_VERSION></OPERATINGSYSTEM><SOFTWARES><NAME>SDK</NAME><VERSION>{OLD}</VERSION></SOFTWARES></CONTENT></REQUEST>", ["current"]),
    "Nessus": (f'<N><Report name="r"><ReportHost name="srv1"><HostProperties><tag name="operating-system">Microsoft Windows Server 2025 Build 26100</tag></HostProperties><ReportItem pluginID="1"><plugin_output>should be {NEW}</plugin_output></ReportItem></ReportHost></Report></N>', ["unknown"]),
    "what is wanted": ("<machines><machine><name>srv1</name><targetBuild>26100.33158</targetBuild></machine><machine><name>srv2</name><osBuild>26100.32995</osBuild></machine></machines>", ["unknown", "ambiguous"]),
    "an entity is not resolved": ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><m><machine><name>&x;</name><build>26100.33158</build></machine><machine><name>b</name><build>26100.32995</build></machine></m>', TWO),
    "ConvertTo-Html": (f'<!DOCTYPE html PUBLIC "x">\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>HTML TABLE</title></head><body>{TABLE}</body></html>', TWO),
    "a table alone": (TABLE, TWO), "in UTF-16": (f"<html>{TABLE}</html>".encode("utf-16"), TWO),
    "within a table, after a menu": (f"<html><table><tr><td>menu</td><td>{TABLE}</td></tr></table></html>", TWO), "beside another table": (f"<html><table><tr><td>KB</td><td>n</td></tr><tr><td>KB5099536</td><td>3</td></tr></table>{TABLE}</html>", TWO),
    "ConvertTo-Html -As List": ("<table>" + "".join(f"<tr><td>Name:</td><td>{host}</td></tr><tr><td>OS Build:</td><td>{build}</td></tr><tr><td><hr></td></tr>" for host, build in ROWS) + "</table>", TWO),
    "names at the side": ("".join(f"<table><tr><th>Host</th><td>{host}</td></tr><tr><th>OS Build</th><td>{build}</td></tr></table>" for host, build in ROWS), TWO),
    "a title above": (f"<table><tr><td colspan=2>Report</td></tr><tr><td>Name</td><td>OS Build</td></tr><tr><td>srv1</td><td>{NEW}</td></tr></table>", ["current"]),
    "a row with a cell less": (f"<table><tr><td>Name</td><td>OS Build</td></tr><tr><td>srv1</td></tr><tr><td>srv2</td><td>{NEW}</td></tr></table>", ["unknown", "current"]),
    "a list of YAML": (f"# fleet\n- name: srv1\n  build: {NEW}\n- name: srv2\n  build: {OLD}\n", TWO), "a build that looks like a number": ("- host: a\n  build: 26100.3310\n- host: a\n  build: 26100.33158\n", ["unknown", "current"]),
    "lists below a key": (f"machines:\n  - host: srv1\n    build: {NEW}\n  - host: srv2\n    build: {OLD}\n", TWO), "facts by host": (f"srv1:\n  os_version: {NEW}\nsrv2:\n  os_version: {OLD}\n", TWO),
    "documents": (f"---\nhost: srv1\nbuild: {NEW}\n---\nhost: srv2\nbuild: {OLD}\n", TWO), "a key that comes twice": ("- host: srv1\n  build: 26100.33158\n  build: 26100.32995\n", ["invalid"]),
    "facts of Puppet": (f"--- !ruby/object:Puppet::Node::Facts\nname: srv1\nvalues:\n  kernelversion: {NEW}\n", ["current"]), "an alias": (f"base: &b\n  product: ws2025\nmachines:\n- host: srv1\n  build: {NEW}\n  x: *b\n", ["current"]),
    "Kubernetes": (f"apiVersion: v1\nitems:\n- metadata:\n    name: n1\n  status:\n    nodeInfo:\n      kernelVersion: {NEW}\nkind: List\n", ["current"]), "Salt is no YAML": (f"srv1:\n    ----------\n    osversion:\n        {NEW}\nsrv2:\n    ----------\n    osversion:\n        {OLD}\n", TWO),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str, run: Command, tmp_path: Path) -> None:
    content, expected = DOCUMENTS[name]
    assert _verdicts(run, tmp_path, content) == expected


METRICS = 'windows_service_status{name="w32time",status="26100.33158"} 1\n'
REFUSED = {
    "metrics": (f"# HELP windows_service_status x\n# TYPE windows_service_status gauge\n{METRICS}", "metrics of Prometheus; save the JSON of its API"), "metrics without remarks": (METRICS, "metrics of Prometheus"),
    "RTF": (r"{\rtf1\ansi host,build\par srv1,26100.33158}", "a text of WordPad; save the table as CSV"), "SQL": ("INSERT INTO fleet VALUES ('srv1','26100.33158');\n", "statements of SQL; export the table as CSV"),
    "Excel's XML": ('<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook><Row/></Workbook>', "an Excel workbook; save the table as CSV"),
    "an e-mail": ("From: a@b\nTo: c@d\nSubject: x\n\nhost,build\nsrv1,26100.33158\n", "an e-mail"), "TOML": ('[[machine]]\nhost = "a"\nbuild = "26100.33158"\n', "TOML; give JSON"),
    "SQLite": (b"SQLite format 3\x00" + bytes(range(256)), "a database of SQLite"), "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture; save the table as CSV"), "an event log": (b"ElfFile\x00" + bytes(range(256)), "an event log"),
    "Avro": (b"Obj\x01" + bytes(range(256)), "a file of Avro; save it as Parquet or CSV"), "ORC": (b"ORC" + bytes(range(256)), "a file of ORC"), "7-Zip": (b"7z\xbc\xaf\x27\x1c" + bytes(range(256)), "a packed file; unpack it"),
    "XML that ends early": ("<m><machine><name>srv1</name><build>26100.33158</build></machine><machine>", "expected XML, got"), "XML that is too deep": ("<a>" * 500 + "</a>" * 500, "expected XML, got"),
    "YAML that is broken": ("---\n- host: srv1\n build: 26100.33158\n", "expected YAML, got"), "aliases of aliases": ("---\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)), "at most 5000000 values"),
    "a page without a table": ("<html><body>26100.33158</body></html>", "got one without a table"), "cells across rows": (f"<table><tr><td>Name</td><td>Build</td></tr><tr><td rowspan=2>a</td><td>{NEW}</td></tr><tr><td>{OLD}</td></tr></table>", "cells across several rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(name: str, run: Command, tmp_path: Path) -> None:
    content, said = REFUSED[name]
    (tmp_path / "fleet").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("assess", "fleet", "--on", DAY)
    assert (done.code, done.out, said in done.err.splitlines()[-1]) == (2, "", True), done.err
