#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gcc -fanalyzer and cppcheck have no complaint that scripts/lint.d does not explain.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

succeeds "scripts/lint --analyze" env -u CI "$REPO/scripts/lint" --analyze
finish
