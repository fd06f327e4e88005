#!/usr/bin/env python3
"""Scores an audit of the held-out application: found, missed, false.

Usage: benches/heldout.py [path of the binary] [--list]

The application under fixtures/heldout was written without knowledge of the rules. Its source is copied
without the marks that break its secrets, its server runs on loopback, and one audit looks at both. A
planted defect counts as found if a finding of its kind (and, live, of its weakness and route) stands on its
line or encloses it. A finding counts as false if it is of low severity or worse and stands on a line that
is listed as clean. What stands elsewhere is listed for a person to judge.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HELD_OUT = ROOT / "fixtures/heldout"


def answers():
    """Reads answers.yaml: lists of flat maps under top-level names; no YAML library is needed for that."""
    lists, current = {}, None
    for line in (HELD_OUT / "answers.yaml").read_text().splitlines():
        if match := re.fullmatch(r"(\w+):", line):
            current = lists.setdefault(match[1], [])
        elif match := re.fullmatch(r"(- |  )([\w-]+): (.*)", line):
            if match[1] == "- ":
                current.append({})
            current[-1][match[2]] = match[3].strip("'\"")
    return lists


def copy_source(to):
    shutil.copytree(HELD_OUT / "source", to)
    for path in to.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"<!>", b""))


def serve():
    server = subprocess.Popen(
        [sys.executable, HELD_OUT / "server.py", "0"], stdout=subprocess.PIPE, text=True
    )
    return server, server.stdout.readline().split()[-1]


def audit(binary, source, url):
    command = [binary, "scan", source, "--target", url, "--report", "json", "--no-progress"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def lines_of(finding):
    place = finding["place"]
    return range(place.get("start_line", 1), place.get("end_line", 1) + 1)


def is_live(finding):
    return "request" in finding["place"]


def finds(finding, planted):
    if is_live(finding) or finding["rule"].split("/")[0] != planted["kind"]:
        return False
    if planted["line"] == "0":
        return planted["path"].lower().split(".")[0] in finding["rule"].replace("-", "")
    place = finding["place"]
    return place.get("path") == planted["path"] and int(planted["line"]) in lines_of(finding)


def finds_live(finding, planted, weaknesses):
    numbers = {f"CWE-{number}" for number in weaknesses.get(finding["rule"], [])}
    return is_live(finding) and planted["cwe"] in numbers


def main():
    binary = next((a for a in sys.argv[1:] if not a.startswith("-")), ROOT / "target/release/seaworthy")
    lists = answers()
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "harbourmaster"
        copy_source(source)
        server, url = serve()
        try:
            report = audit(binary, source, url)
        finally:
            server.terminate()
            server.wait()
    findings = [f for f in report["findings"] if f["severity"] != "note"]
    weaknesses = {rule["id"]: rule["cwe"] for rule in report["rules"]}
    planted, live = lists["planted"], lists["live"]
    missed = [p for p in planted if not any(finds(f, p) for f in findings)]
    missed_live = [p for p in live if not any(finds_live(f, p, weaknesses) for f in findings)]
    clean = {(c["path"], int(c["line"])) for c in lists["clean"]}
    is_clean = lambda f: any((f["place"].get("path"), line) in clean for line in lines_of(f))
    is_planted = lambda f: any(finds(f, p) for p in planted)
    false = [f for f in findings if not is_live(f) and is_clean(f) and not is_planted(f)]
    other = [f for f in findings if not is_live(f) and not is_clean(f) and not is_planted(f)]
    print(f"static: found {len(planted) - len(missed)} of {len(planted)}, false {len(false)} of {len(clean)}")
    print(f"live:   found {len(live) - len(missed_live)} of {len(live)}, "
          f"{sum(map(is_live, findings))} findings")
    print(f"other findings, to be judged: {len(other)}")
    if "--list" in sys.argv:
        for p in missed:
            print(f"  missed  {p['path']}:{p['line']} {p['kind']} {p['what']}")
        for p in missed_live:
            print(f"  missed  {p['method']} {p['path']} {p['what']}")
        for label, some in (("false", false), ("other", other)):
            for f in some:
                print(f"  {label}   {f['place'].get('path')}:{f['place'].get('start_line')} "
                      f"{f['rule']} {f['severity']}: {f['message']}")
        for f in filter(is_live, findings):
            print(f"  live    {f['rule']} {f['place']['request']['method']} "
                  f"{f['place']['request']['route']}: {f['message']}")


main()
