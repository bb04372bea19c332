#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The longest time for which the daemon's loop did not answer while hostile files come: docs/dev/limits.md has what was seen.
# Run it as root on a machine that does nothing else.
#
#   limits.sh [CASE...]     EZLB_BIN=FILE
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
exec python3 "$repo/test/tools/limits.py" "${EZLB_BIN:-$repo/build/bin/ezlb}" "$@"
