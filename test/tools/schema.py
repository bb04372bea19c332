#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the JSON Schema of `ezlb schema` says of service files with what `ezlb check` says.

schema.py EZLB WORKDIR good FILE...   each file is valid, and no field has the same value in all of them
schema.py EZLB WORKDIR bad FILE...    prints the files that are invalid
schema.py EZLB WORKDIR values         makes files with all kinds of values, and compares what both say
"""
import json
import os
import re
import subprocess
import sys

import jsonschema
import yaml

EZLB, WORK, COMMAND, FILES = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
SCHEMA = json.loads(subprocess.run([EZLB, "schema"], check=True, capture_output=True).stdout)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def inside(schema):
    """The mapping that a value is or has, and whether it is in a list."""
    for one in [schema] + schema.get("anyOf", []):
        if "properties" in one:
            return one, False
    return schema.get("items", {}), True


def leaves(schema, path=()):
    """Each field that is no mapping of other fields: its path, and its schema."""
    for name, value in schema["properties"].items():
        nested, listed = inside(value)
        if "properties" in nested:
            yield from leaves(nested, path + (name,) + ((0,) if listed else ()))
        else:
            yield path + (name,), value


def shown(path):
    return ".".join(str(part) for part in path)


def at(document, path):
    """The values at this path; the items of a list are all the same place."""
    if not path:
        return [document]
    if path[0] == 0:
        return [found for item in document for found in at(item, path[1:])]
    if isinstance(document, dict) and path[0] in document:
        return at(document[path[0]], path[1:])
    return []


def good():
    documents = {name: yaml.safe_load(open(name)) for name in FILES}
    for name, document in documents.items():
        for error in VALIDATOR.iter_errors(document):
            print(f"{name}: {error.message}")
    for path, schema in leaves(SCHEMA):
        values = [value for document in documents.values() for value in at(document, path)]
        if all(value == schema.get("default") for value in values):
            print(f"no file has another {shown(path)} than its default")


def bad():
    for name in FILES:
        try:
            document = yaml.safe_load(open(name, encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            continue
        if not VALIDATOR.is_valid(document):
            print(os.path.basename(name))


def file_with(path, value):
    document = {"listen": "10.0.0.1:80", "backends": [{"address": "192.168.10.11:80"}]}
    if path[0] == "fallback":
        document["fallback"] = [{"address": "192.168.10.12:80"}]
    place = document
    for part in path[:-1]:
        place = place[part] if part == 0 or part in place else place.setdefault(part, {})
    place[path[-1]] = value
    return document


# Of every kind, for every field.
ANY = [[], {}, [[]], [{}], {"a": 1}, None, "", "nonsense", "-1", "0", "1", "10", "true", "5s", "1h2m3s4ms", "5", "50%",
       "10.0.0.1", "10.0.0.1:80", "10.0.0.1:80-90", "[fd00::1]:80", "fd00::1", "a b", "a\nb", "hex:00", "/", "200-299,301",
       "-", "%", "01", "x" * 300, -1, 0, 1, 10, 200, 65535, 65536, 2**32 - 1, 2**32, 1.5, True, False,
       [1], ["1"], ["tcp"], ["tcp", "x"], [200, "301-302"]]


def of_schema(schema):
    """Values at the limits: inside, and outside."""
    inner, outer = [], []
    for one in [schema] + schema.get("anyOf", []):
        if "minimum" in one:
            inner += [one["minimum"], one["maximum"], str(one["maximum"])]
            outer += [one["minimum"] - 1, one["maximum"] + 1]
        for word in one.get("enum", []):
            inner.append(word)
            outer.append(word + "x")
        if one.get("type") == "array" and one["items"].get("enum"):
            inner.append(one["items"]["enum"][:2])
            outer.append(one["items"]["enum"][:1] + ["x"])
    if "default" in schema:
        inner.append(schema["default"])
    return inner, outer


def check_all(documents):
    """The codes that `ezlb check` has for each document."""
    directory = os.path.join(WORK, "values")
    os.mkdir(directory)
    for number, document in enumerate(documents):
        with open(os.path.join(directory, f"n{number}.yaml"), "w", encoding="utf-8") as out:
            json.dump(document, out)
    output = subprocess.run([EZLB, "check", directory], capture_output=True, text=True, check=False).stdout
    codes = [set() for _ in documents]
    for number, code in re.findall(r"/n(\d+)\.yaml:\d+:\d+: error\[(E\d+)\]", output):
        # Conflicts with other files: all of these have one listener.
        if code not in ("E030", "E031", "E032", "E033"):
            codes[int(number)].add(code)
    return codes


def values():
    cases = []
    for path, schema in leaves(SCHEMA):
        inner, outer = of_schema(schema)
        cases += [(path, value, "inside") for value in inner]
        cases += [(path, value, "outside") for value in outer]
        cases += [(path, value, None) for value in ANY]
        cases.append((path[:-1] + (path[-1] + "x",), 1, "outside"))
        cases.append((path[:-1] + ("x-" + path[-1],), 1, "inside"))
    documents = [file_with(path, value) for path, value, _ in cases]
    refused = 0
    for (path, value, where), document, codes in zip(cases, documents, check_all(documents)):
        valid = VALIDATOR.is_valid(document)
        refused += not valid
        text = f"{shown(path)}: {json.dumps(value)[:60]}"
        if not valid and not codes:
            print(f"{text}: refused by the schema only")
        # E026 and others of several fields are no matter of the value.
        if where == "inside" and (not valid or codes & {"E010", "E012", "E013"}):
            print(f"{text}: refused, by the schema: {not valid}, by check: {sorted(codes)}")
        if where == "outside" and (valid or not codes):
            print(f"{text}: not refused, by the schema: {valid}, by check: {not codes}")
    if refused < len(cases) // 4:
        print(f"the schema refuses only {refused} of {len(cases)} files")


jsonschema.Draft7Validator.check_schema(SCHEMA)
{"good": good, "bad": bad, "values": values}[COMMAND]()
