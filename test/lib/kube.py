#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kubernetes manifests for the tests.

kube.py json FILE           all documents as one JSON array, with sorted keys
kube.py strict TOOLS FILE...  compares each document with the types of Kubernetes and the Prometheus operator, as
                            scripts/kubetools has fetched them to TOOLS: a field that does not exist, a value of a
                            wrong type, a word that is none of those allowed, and a kind that does not exist are
                            errors. Prints "FILE: KIND NAME: LINE: MESSAGE" of each, and fails.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

PACKAGES = ["kubernetes-models", "@kubernetes-models/prometheus-operator"]
OPTIONS = {
    "noEmit": True, "strict": True, "skipLibCheck": True, "types": [], "lib": ["es5"],
    "target": "es2020", "module": "nodenext", "moduleResolution": "nodenext",
}


class Loader(yaml.SafeLoader):
    """Finds keys that occur twice, which PyYAML does not."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


# A time stays text, as it does for Kubernetes.
Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.load_all(file, Loader) if document is not None]


def name_of(document):
    return f"{document.get('kind')} {(document.get('metadata') or {}).get('name')}"


def source(tools, document):
    """The document as a literal of its type in TypeScript; None: there is no such kind."""
    version, kind = document.get("apiVersion"), document.get("kind")
    for package in PACKAGES:
        module = f"{package}/{version}/{kind}"
        if os.path.exists(f"{tools}/node_modules/{module}.d.ts"):
            head = f'import type {{ I{kind} }} from "{module}";\nexport const it: I{kind} = '
            return head + json.dumps(document, indent=1) + ";\n"
    return None


def compile_all(tools, sources):
    """{number: source} to a list of (number, line, message)."""
    with tempfile.TemporaryDirectory() as work:
        os.symlink(f"{tools}/node_modules", f"{work}/node_modules")
        for number, text in sources.items():
            with open(f"{work}/d{number}.ts", "w", encoding="utf-8") as file:
                file.write(text)
        with open(f"{work}/tsconfig.json", "w", encoding="utf-8") as file:
            json.dump({"compilerOptions": OPTIONS, "files": [f"d{n}.ts" for n in sources]}, file)
        run = subprocess.run(["node", f"{tools}/node_modules/typescript/bin/tsc", "-p", work, "--pretty", "false"],
                             cwd=work, capture_output=True, text=True, timeout=300, check=False)
    found = re.findall(r"^d(\d+)\.ts\((\d+),\d+\): error (.*)$", run.stdout, re.M)
    if run.returncode != 0 and not found:
        sys.exit(f"the TypeScript compiler failed: {run.stdout}{run.stderr}")
    return [(int(number), int(line), message) for number, line, message in found]


def strict(tools, paths):
    errors, sources, names = [], {}, {}
    for path in paths:
        for document in documents(path):
            number = len(names)
            names[number] = f"{os.path.basename(path)}: {name_of(document)}"
            sources[number] = source(tools, document)
            if sources[number] is None:
                errors.append(f"{names[number]}: there is no such kind in {document.get('apiVersion')}")
    if not names:
        errors.append("there is no document")
    sources = {number: text for number, text in sources.items() if text is not None}
    for number, line, message in compile_all(tools, sources):
        errors.append(f"{names[number]}: {sources[number].splitlines()[line - 1].strip()} {message}")
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


def main():
    if sys.argv[1] == "json":
        json.dump(documents(sys.argv[2]), sys.stdout, sort_keys=True)
        return 0
    return strict(os.path.abspath(sys.argv[2]), sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
