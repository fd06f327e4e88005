#!/usr/bin/env python3
"""Scores seaworthy on labelled files of containers, Kubernetes and workflows.

    benches/containers.py SEAWORTHY SHARED [--half open|closed] [--kind KIND] [--list]

SHARED holds `knowledge/containers.md`, whose tables say which rules of other tools are one family, and
`data/containers/`, whose `cases.jsonl` says of each file whether a family is to be found in it. A family is found
if a rule that has one of its names among its aliases reports something. Files are halved by the first byte of the
SHA-256 of their path: rules are written with the even half (open) in sight. Of the other half nothing but the score
is shown, unless it is asked for. Rows whose label is wrong are listed in `WRONG`, each with the reason, and left out.
Needs PyYAML.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile

import yaml

KINDS = {"docker": "container", "compose": "container", "k8s": "kubernetes", "workflows": "workflow"}

# (their rule, file): why the label is wrong.
WRONG = {
    ("KICS:missing_user_instruction", "docker/kics/missing_user_instruction/negative.dockerfile"): (
        "the last stage begins from scratch and sets no user: it runs as uid 0"
    ),
    ("KICS:multiple_cmd_instructions_listed", "docker/kics/multiple_cmd_instructions_listed/negative2.dockerfile"): (
        "the first stage has two CMDs, of which the builder's own check says that only the last one counts"
    ),
    ("KICS:seccomp_profile_is_not_configured", "k8s/kics/seccomp_profile_is_not_configured/negative1.yaml"): (
        "its annotation is one of pod security policies, which nothing reads on a pod"
    ),
    ("KICS:pod_misconfigured_network_policy", "k8s/kics/pod_misconfigured_network_policy/negative2.yaml"): (
        "the only policy lives in another namespace, so that no policy governs the pod"
    ),
    ("KICS:deployment_has_no_pod_anti_affinity", "k8s/kics/deployment_has_no_pod_anti_affinity/negative.yaml"): (
        "has no disruption budget, which is of the same family"
    ),
    (
        "KICS:deployment_without_pod_disruption_budget",
        "k8s/kics/deployment_without_pod_disruption_budget/negative.yaml",
    ): "has no anti-affinity, which is of the same family",
    ("KSV-0015", "k8s/trivy-examples/KSV-0015/KSV-0015__CPU_requests_not_specified_good0.yaml"): (
        "has no memory request, which is of the same family"
    ),
    ("KSV-0036", "k8s/trivy-examples/KSV-0036/KSV-0036__protecting_pod_service_account_tokens_good0.yaml"): (
        "says nothing of the token, so that it is mounted"
    ),
    ("KCV-0093", "k8s/trivy-examples/KCV-0093/KCV-0093__insecure_ingress_nginx_bad2.yaml"): (
        "the value may be a regular expression by the annotation's documentation, and ends no directive"
    ),
    ("template-injection", "workflows/zizmor/template-injection/pr-317-repro.yml"): (
        "`github.repository_owner` is the name of an account: letters, digits and hyphens, which no shell reads as more"
    ),
}

# (their rule, file): lines at which the label is wrong, each with the reason.
WRONG_LINES = {
    # `-t` takes the next word as its value: the command installs nothing.
    ("KICS:apt_get_install_pin_version_not_defined", f"docker/kics/apt_get_install_pin_version_not_defined/{name}"): {6}
    for name in ("positive.dockerfile", "positive2.dockerfile")
}


def families(table):
    """Names of other tools' rules that belong to one family alone, as aliases are written: `hadolint/DL3002`."""
    names = collections.defaultdict(set)
    row = re.compile(r"^\| SW-\w+ \| (\S+) \| \w+ \| (.*?) \|")
    for line in table.read_text().splitlines():
        found = row.match(line)
        if not found:
            continue
        for part in found[2].split("; "):
            tool, _, identifiers = part.partition(": ")
            names[found[1]].update(f"{tool}/{name}" for name in identifiers.split(", "))
    counts = collections.Counter(name for of_family in names.values() for name in of_family)
    return {family: {name for name in own if counts[name] == 1} for family, own in names.items()}


def alias(their_rule):
    """`KICS:x` as an alias: `kics/x`; checkov's ids stand alone."""
    tool, _, name = their_rule.partition(":")
    return f"{tool.lower()}/{name}" if name else f"checkov/{tool}"


def aliases(rules):
    """Rules of ours by alias."""
    by_alias = collections.defaultdict(set)
    for path in (path for kind in set(KINDS.values()) for path in (rules / kind).glob("*.yaml")):
        for rule in yaml.safe_load(path.read_text()):
            for name in rule.get("aliases", []):
                by_alias[name].add(rule["id"])
    return by_alias


def place(kind, file):
    """The path at which a file of this kind would stand in a repository."""
    name = pathlib.PurePath(file).name
    if kind == "compose":
        return "compose.yaml"
    if kind == "workflows" and name not in ("action.yml", "action.yaml"):
        return name if name.startswith("dependabot") else f".github/workflows/{name}"
    return name


def scan(seaworthy, folder, kind):
    """Rule, first and last line of all that is found in a folder."""
    command = [seaworthy, "scan", folder, "--only", KINDS[kind], "--pedantic", "--offline", "--no-progress"]
    run = subprocess.run([*command, "--report", "json"], capture_output=True, text=True, check=False)
    report = json.loads(run.stdout)
    places = ((one["rule"], one["place"]) for one in report["findings"])
    found = [(rule, at.get("start_line", 0), at.get("end_line", 0)) for rule, at in places]
    return found, report["incomplete"]


def score(row, found, wanted):
    """Whether the label is kept, and how many of its lines are."""
    ours = [(first, last) for rule, first, last in found if rule in wanted]
    agrees = bool(ours) == (row["label"] == "pos")
    wrong = WRONG_LINES.get((row["their_rule"], row["file"]), set())
    lines = sorted(set(row["lines"] or []) - wrong) if row["label"] == "pos" and ours else []
    held = [line for line in lines if any(first <= line <= last for first, last in ours)]
    return agrees, lines, held, ours


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seaworthy")
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--half", choices=["open", "closed"])
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--list", action="store_true", help="show what disagrees")
    options = parser.parse_args()
    data = options.shared / "data" / "containers"
    of_family = families(options.shared / "knowledge" / "containers.md")
    by_alias = aliases(pathlib.Path(__file__).parent.parent / "rules")
    rows = [json.loads(line) for line in (data / "cases.jsonl").read_text().splitlines()]
    totals = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["tar", "--zstd", "-xf", data / "cases.tar.zst", "-C", folder], check=True)
        for row in rows:
            half = "closed" if hashlib.sha256(row["file"].encode()).digest()[0] % 2 else "open"
            if options.half not in (None, half) or options.kind not in (None, row["kind"]):
                continue
            total = totals[row["kind"], half]
            if (row["their_rule"], row["file"]) in WRONG:
                total["wrong"] += 1
                continue
            with tempfile.TemporaryDirectory() as alone:
                target = pathlib.Path(alone) / place(row["kind"], row["file"])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((folder / row["file"]).read_bytes())
                found, incomplete = scan(options.seaworthy, alone, row["kind"])
            names = of_family.get(row["family"], set()) | {alias(row["their_rule"])}
            wanted = {rule for name in names for rule in by_alias[name]}
            agrees, lines, held, ours = score(row, found, wanted)
            total["rows"] += 1
            total["agree"] += agrees
            total["lines"] += len(lines)
            total["held"] += len(held)
            total["unread"] += bool(incomplete)
            if options.list and (not agrees or len(held) < len(lines) or incomplete):
                rules = ", ".join(sorted(wanted)) or "NO RULE"
                print(f"{row['label']} {row['file']} {row['family']} ({row['their_rule']}): {rules}")
                print(f"    expected lines {lines}, ours {ours} {incomplete or ''}")
    for (kind, half), total in sorted(totals.items()):
        print(
            f"{kind:10} {half:6} agree {total['agree']} of {total['rows']},"
            f" lines {total['held']} of {total['lines']}, unread {total['unread']}, left out {total['wrong']}"
        )


if __name__ == "__main__":
    main()
