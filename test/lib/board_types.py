#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a dashboard with the types of Grafana, as scripts/kubetools has fetched them: board_types.py TOOLS FILE

A field that does not exist, a value of a wrong type and a word that is none of those allowed are errors. The dashboard, each
panel, its options and its options for each field have types of their own. Prints "TITLE: LINE: MESSAGE" of each error, and fails.
"""
import json
import os
import sys

import kube

TYPES = "./node_modules/@grafana/schema/dist/types/raw"
# Panels, and the name that their plugin has in the types.
PLUGINS = {"stat": "stat", "table": "table", "timeseries": "timeseries", "state-timeline": "statetimeline"}
# JSON has words where these types have the members of an enum.
PLAIN = """type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[]
    : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""


def literal(name, kind, value):
    return f"export const {name}: Plain<{kind}> = {json.dumps(value, indent=1)};\n"


def panel_source(panel):
    if panel["type"] == "row":
        return literal("row", "RowPanel", panel)
    plugin = PLUGINS[panel["type"]]
    options = panel.pop("options")
    fields = panel["fieldConfig"]["defaults"].pop("custom", {})
    return (f'import type * as plugin from "{TYPES}/composable/{plugin}/panelcfg/x/types.gen";\n'
            + literal("panel", "Panel", panel) + literal("options", "Partial<plugin.Options>", options)
            + (literal("fields", "Partial<plugin.FieldConfig>", fields) if fields else ""))


def main(tools, path):
    with open(path, encoding="utf-8") as file:
        board = json.load(file)
    head = f'import type {{ Dashboard, Panel, RowPanel }} from "{TYPES}/dashboard/x/types.gen";\n' + PLAIN
    panels = board.pop("panels")
    names = [board["title"]] + [panel["title"] for panel in panels]
    sources = {0: head + literal("board", "Omit<Dashboard, 'panels'>", board)}
    sources.update({number: head + panel_source(panel) for number, panel in enumerate(panels, 1)})
    errors = [f"{names[number]}: {sources[number].splitlines()[line - 1].strip()} {message}"
              for number, line, message in kube.compile_all(tools, sources)]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2]))
