#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads SARIF from stdin. Proves what the schema of SARIF 2.1.0 requires of the parts that ezlb
writes, and prints "LEVEL RULE URI LINE:COLUMN" of each result."""
import json
import sys

import jsonschema

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
REGION = {
    "type": "object",
    "properties": {
        "startLine": {"type": "integer", "minimum": 1},
        "startColumn": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
LOCATION = {
    "type": "object",
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~:/%-]+$"}},
                },
                "region": REGION,
            },
            "additionalProperties": False,
        },
        "logicalLocations": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "minItems": 1, "items": LOCATION},
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "pattern": "^E[0-9]{3}$"},
        "shortDescription": TEXT,
        "help": {**TEXT, "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}}},
    },
    "additionalProperties": False,
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
    },
    "additionalProperties": False,
}
RUN = {
    "type": "object",
    "required": ["tool"],
    "properties": {
        "tool": {"type": "object", "required": ["driver"], "properties": {"driver": DRIVER}},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
    },
    "additionalProperties": False,
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": RUN},
    },
    "additionalProperties": False,
}


def line(run, result):
    place = result["locations"][0]["physicalLocation"]
    region = place.get("region", {})
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    assert rule == result["ruleId"], f"ruleIndex of {result['ruleId']} is that of {rule}"
    return (
        f"{result['level']} {rule} {place['artifactLocation']['uri']} "
        f"{region.get('startLine')}:{region.get('startColumn')}"
    )


log = json.load(sys.stdin)
jsonschema.validate(log, LOG)
print(", ".join(line(log["runs"][0], result) for result in log["runs"][0]["results"]))
