"""What the alerting rules and the Grafana panels ask of /metrics is served there, labels too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.auditor.gateway.test_grafana import DASHBOARD, targets
from tests.auditor.shell.served import serving
from tests.postgres_clusters import Cluster

ROOT = Path(__file__).resolve().parents[3]
GROUPS = yaml.safe_load((ROOT / "docs/prometheus/cache-auditor.rules.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [rule for group in GROUPS["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES}
PANELS = [(title, target["expr"]) for title, target in targets("prometheus")]
METRIC = re.compile(r"\b(cache_auditor_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
FUNCTIONS = {"time", "delta", "increase", "and", "or", "unless"}
SCRAPED = {"up": {"job": {"cache-auditor"}, "instance": set()}}
"""What Prometheus itself says of a target."""

Served = Mapping[str, Mapping[str, set[str]]]


@pytest.fixture(scope="module")
def served(cluster: Cluster) -> Iterator[Served]:
    """Sample name -> label -> values, of a fresh installation."""
    with cluster.migrated_database() as made, serving(made.dsn) as gateway:
        text = httpx.get(f"{gateway.url}/metrics").text
        found: dict[str, dict[str, set[str]]] = {name: dict(of) for name, of in SCRAPED.items()}
        for family in text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = found.setdefault(name, {})
            for sample in family.samples:
                for label, value in sample.labels.items():
                    labels.setdefault(label, set()).add(value)
        yield found


def asked(expression: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(metric, its matchers) of a PromQL expression."""
    return [(name, MATCHER.findall(inside)) for name, inside in METRIC.findall(expression)]


def missing(expression: str, served: Served) -> list[str]:
    """Metrics, labels and values that an expression names and nobody serves."""
    found = []
    for name, matchers in asked(expression):
        if name not in served:
            found.append(name)
            continue
        for label, operator, value in matchers:
            wanted = value.split("|") if operator in ("=~", "!~") else [value]
            known = served[name].get(label, set())
            found += [f"{name}{{{label}={each}}}" for each in wanted if each not in known]
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_a_rule_asks_for_what_is_served(served: Served, alert: str) -> None:
    assert asked(ALERTS[alert]["expr"])
    assert missing(ALERTS[alert]["expr"], served) == []


@pytest.mark.parametrize(("title", "expression"), PANELS)
def test_a_panel_asks_for_what_is_served(served: Served, title: str, expression: str) -> None:
    assert asked(expression)
    assert missing(expression, served) == []


def test_what_is_not_served_would_be_found(served: Served) -> None:
    """The net has no hole: names, labels and values are looked up."""
    assert missing("cache_auditor_lag_minutes > 3", served) == ["cache_auditor_lag_minutes"]
    assert missing('cache_auditor_open_observations{severity="dire"}', served)
    assert missing('cache_auditor_open_observations{level="info"}', served)


@pytest.mark.parametrize("alert", ALERTS)
def test_a_rule_is_whole(alert: str) -> None:
    """Balanced, with known functions, a known severity, and words that say what to do."""
    rule = ALERTS[alert]
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
    for opening, closing in ("()", "[]", "{}"):
        assert rule["expr"].count(opening) == rule["expr"].count(closing)
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}', "", rule["expr"])
    words = set(re.findall(r"[a-z_]+", bare)) - {name for name, _ in asked(rule["expr"])}
    assert words <= FUNCTIONS
    assert set(rule["annotations"]) == {"summary", "description"}
    assert all(text.endswith(".") for text in rule["annotations"].values())


@pytest.mark.parametrize("alert", ALERTS)
def test_what_an_alert_says_of_labels_exists(served: Served, alert: str) -> None:
    """`$labels.x` in the words is a label of the metric that fires."""
    rule = ALERTS[alert]
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    there = {label for name, _ in asked(rule["expr"]) for label in served[name]}
    assert named <= there


def test_every_alert_is_named_once_and_told() -> None:
    """The page of the manual names those that there are, and no others."""
    assert len(ALERTS) == len(RULES)
    told = (ROOT / "docs/grafana.md").read_text("utf-8").partition("## Alerts")[2]
    assert set(re.findall(r"`(Cache[A-Z]\w+)`", told)) == set(ALERTS)


def test_every_panel_is_told() -> None:
    told = (ROOT / "docs/grafana.md").read_text("utf-8")
    for panel in DASHBOARD["panels"]:
        assert panel["title"].replace("$one", "…") in told, panel["title"]
