#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What includes the kernel's headers of xtables compiles with -std=c11 whichever way these headers
# write `typeof`: newer ones write __typeof__, which C11 allows, older ones and those of some
# cross compilers the plain word, which it does not.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

CC=${CC:-cc}
need "$CC" gcc
need pkg-config pkg-config

mkdir -p "$WORK/plain/linux"
cat >"$WORK/plain/linux/const.h" <<'EOF'
#include_next <linux/const.h>
#undef __ALIGN_KERNEL
#define __ALIGN_KERNEL(x, a) __ALIGN_KERNEL_MASK(x, (typeof(x))(a) - 1)
EOF
read -ra cflags <<<"$(pkg-config --cflags libmnl libnftnl libip4tc libip6tc)"

# compiles FILE ARGUMENT...
compiles() {
	"$CC" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only "${@:2}" \
		"${cflags[@]}" -I"$REPO/include" -I"$(dirname "$1")" "$1"
}

# Else this would prove nothing: the directory with the plain word must be the one that is used.
cat >"$WORK/plain.c" <<'EOF'
#include <linux/netfilter/x_tables.h>
int size = XT_ALIGN(1);
EOF
if compiles "$WORK/plain.c" -isystem "$WORK/plain" >/dev/null 2>&1; then
	fail "plain typeof does not compile with -std=c11 where it is used as it is"
else
	pass "plain typeof does not compile with -std=c11 where it is used as it is"
fi

files=$(grep -l XT_ALIGN -r "$REPO/pkg" --include='*.c')
equal "there are files that use XT_ALIGN" yes "$([[ -n $files ]] && echo yes)"
for file in $files; do
	name=${file#"$REPO/"}
	succeeds "$name compiles with the headers of this host" compiles "$file"
	succeeds "$name compiles with plain typeof" compiles "$file" -isystem "$WORK/plain"
done
finish
