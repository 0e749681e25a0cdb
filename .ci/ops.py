#!/usr/bin/env python3
"""Scrapes the server at ATOLL_URL, and checks that promtool accepts the answer, that the dashboard and the alert rules name only
series that it has, that `atoll doctor` finds nothing to do, and that the manifests have what a deployment needs."""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import yaml


OF_REPLICAS = re.compile("atoll_database_(routed|replica)_")


def scrape():
    """Returns the metrics, whose address the server prints."""
    with urllib.request.urlopen(os.environ["ATOLL_URL"] + "/api/v1/posts"):
        pass
    with urllib.request.urlopen(os.environ["ATOLL_METRICS_URL"]) as answer:
        return answer.read().decode()


def named_series(text):
    return set(re.findall(r"\b(?:atoll|process)_[a-z_]+", text))


def check_metrics():
    text = scrape()
    linted = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    known = {line.split(" ")[0].split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    dashboard = json.loads(pathlib.Path("ops/grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load(pathlib.Path("ops/alerts.yml").read_text())
    queries += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    documented = named_series(pathlib.Path("docs/operate.md").read_text())
    for query in queries:
        for name in named_series(query):
            # The server of this check has no replicas.
            expected = documented if OF_REPLICAS.match(name) else known
            assert name in expected, f"{name} is in no scrape: {query}"
    for name in known:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if base.startswith("atoll_") and not re.match(r"atoll_(database_pool|password_hashes)_", base):
            assert base in documented, f"docs/operate.md does not mention {base}"
    print(f"{len(known)} series, {len(queries)} queries")


def check_doctor():
    done = subprocess.run([os.environ["ATOLL"], "doctor", "--json"], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"doctor: {len(json.loads(done.stdout)['checks'])} checks, nothing to do")


def documents(path):
    return [document for document in yaml.safe_load_all(pathlib.Path(path).read_text()) if document]


def check_manifests():
    compose = documents("compose.yaml")[0]["services"]
    assert set(compose) == {"atoll", "postgres", "redis", "mail"}, set(compose)
    objects = documents("ops/kubernetes/atoll.yaml") + documents("ops/kubernetes/migrate.yaml")
    by_kind = {item["kind"]: item for item in objects}
    assert set(by_kind) == {"ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "Job"}, set(by_kind)
    for kind in ("Deployment", "Job"):
        pod = by_kind[kind]["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
    deployment = by_kind["Deployment"]["spec"]
    container = deployment["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in ("/healthz", "/readyz"), probe
    selector = deployment["selector"]["matchLabels"]
    for other in ("Service", "PodDisruptionBudget"):
        found = by_kind[other]["spec"]["selector"]
        assert found.get("matchLabels", found) == selector, other
    # Every variable of the manifests is a setting: an unknown one stops the program.
    variables = {**by_kind["ConfigMap"]["data"], "DATABASE_URL": "postgres://atoll@localhost/atoll"}
    for settings in (variables, compose["atoll"]["environment"]):
        environment = {"PATH": os.environ["PATH"], **settings}
        shown = subprocess.run([os.environ["ATOLL"], "config", "show"], env=environment, text=True, capture_output=True)
        assert shown.returncode == 0, shown.stderr
    dockerfile = pathlib.Path("Dockerfile").read_text()
    for needed in ("USER nonroot", "HEALTHCHECK", "--locked", "COPY --from=build"):
        assert needed in dockerfile, needed


def main():
    check_metrics()
    check_doctor()
    check_manifests()


sys.exit(main())
