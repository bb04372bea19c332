#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of deploy/prometheus and the dashboard of deploy/grafana, as text for the tests.

rules.py alerts FILE...     "NAME SEVERITY FOR" of each alert
rules.py records FILE...    the name of each recording rule
rules.py queries FILE...    "NAME<tab>EXPRESSION" of each rule or panel, on one line
rules.py selectors FILE...  the same of each series that the alerts look at, without comparison
rules.py wrong FILE...      what is wrong with rules: "NAME: WHAT"
rules.py dashboard FILE     what is wrong with a dashboard
rules.py filled FILE        as queries, of a dashboard, with every variable set to what matches all
"""
import json
import re
import sys

import yaml

ANNOTATIONS = ["summary", "description", "runbook_url"]
# What Grafana puts in by itself, for the interval that it draws.
BUILT_IN = {"__rate_interval": "5m", "__range": "1h", "__interval": "1m"}
SELECTOR = re.compile(r"\b(?:up|(?:[a-z_]+:)?ezlb_[a-z_]+(?::[a-z0-9_]+)?)(?:\{[^}]*\})?")
VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")


def rules(paths):
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for group in yaml.safe_load(file)["groups"]:
                yield from group["rules"]


def one_line(text):
    return " ".join(text.split())


def wrong_with(rule):
    labels, notes = rule.get("labels", {}), rule.get("annotations", {})
    if labels.get("severity") not in ("page", "ticket"):
        yield "severity is page or ticket"
    if sorted(notes) != sorted(ANNOTATIONS):
        yield f"annotations are {ANNOTATIONS}"
        return
    for name in ("summary", "description"):
        if "\n" in notes[name] or not notes[name].strip():
            yield f"{name} is one line"
    if notes["runbook_url"] != f"docs/alerts.md#{rule['alert'].lower()}":
        yield "runbook_url leads to its section"
    if not re.search(r"`ezlb [a-z-]+", notes["description"]):
        yield "description names a command of ezlb"


def wrong(paths):
    seen = set()
    for rule in rules(paths):
        name = rule.get("alert") or rule.get("record")
        if name in seen:
            yield f"{name}: twice"
        seen.add(name)
        if "alert" in rule:
            for what in wrong_with(rule):
                yield f"{name}: {what}"
        elif rule["record"].count(":") not in (1, 2):
            yield f"{name}: a name has a level, a metric and an operation"


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def targets(board):
    for panel in panels(board):
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target


def variables(board):
    return {item["name"]: item for item in board["templating"]["list"]}


def overlap(one, other):
    a, b = one["gridPos"], other["gridPos"]
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def wrong_places(shown):
    for index, panel in enumerate(shown):
        place = panel["gridPos"]
        if place["x"] < 0 or place["x"] + place["w"] > 24 or min(place["w"], place["h"]) < 1:
            yield f"{panel['title']}: outside of the 24 columns"
        for other in shown[index + 1:]:
            if overlap(panel, other):
                yield f"{panel['title']} overlaps {other['title']}"


def wrong_targets(panel):
    source = {"type": "prometheus", "uid": "${datasource}"}
    if panel["type"] == "row":
        return
    if not panel.get("targets"):
        yield f"{panel['title']}: no query"
    if not panel.get("description"):
        yield f"{panel['title']}: no description"
    ids = [target["refId"] for target in panel.get("targets", [])]
    if len(set(ids)) != len(ids):
        yield f"{panel['title']}: a refId twice"
    for thing in [panel] + panel.get("targets", []):
        if thing.get("datasource") != source:
            yield f"{panel['title']}: the data source is the variable"


def wrong_variables(board):
    known = set(variables(board)) | set(BUILT_IN)
    texts = [(name, target["expr"]) for name, target in targets(board)]
    texts += [(name, json.dumps(item.get("query", ""))) for name, item in variables(board).items()]
    used = {"datasource"}
    for name, text in texts:
        for found in VARIABLE.findall(text):
            used.add(found)
            if found not in known:
                yield f"{name}: no variable {found}"
    for name in set(variables(board)) - used:
        yield f"nothing uses the variable {name}"


def wrong_board(board):
    shown = list(panels(board))
    ids = [panel["id"] for panel in shown]
    if len(set(ids)) != len(ids):
        yield "an id twice"
    if board["id"] is not None or board["schemaVersion"] < 38 or not board["uid"]:
        yield "id is null, uid is set, schemaVersion is that of Grafana 10"
    yield from wrong_places(shown)
    for panel in shown:
        yield from wrong_targets(panel)
    yield from wrong_variables(board)


def filled(board, text):
    values = {name: ".*" for name in variables(board)} | BUILT_IN
    return VARIABLE.sub(lambda found: values[found.group(1)], text)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def queries(path):
    if not path.endswith(".json"):
        for rule in rules([path]):
            yield rule.get("alert") or rule["record"], rule["expr"]
        return
    for name, target in targets(load(path)):
        yield name, target["expr"]


def main(what, *paths):
    out = []
    if what == "alerts":
        out = [f"{rule['alert']} {rule['labels']['severity']} {rule.get('for', '0s')}"
               for rule in rules(paths) if "alert" in rule]
    elif what == "records":
        out = [rule["record"] for rule in rules(paths) if "record" in rule]
    elif what == "queries":
        out = [f"{name}\t{one_line(text)}" for path in paths for name, text in queries(path)]
    elif what == "selectors":
        out = [f"{rule['alert']}\t{found}" for rule in rules(paths) if "alert" in rule
               for found in SELECTOR.findall(rule["expr"])]
    elif what == "wrong":
        out = wrong(paths)
    elif what == "dashboard":
        out = wrong_board(load(paths[0]))
    elif what == "filled":
        board = load(paths[0])
        out = [f"{name}\t{one_line(filled(board, target['expr']))}" for name, target in targets(board)]
    else:
        sys.exit(__doc__)
    for line in out:
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
