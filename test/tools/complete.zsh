#!/usr/bin/env zsh
# SPDX-License-Identifier: GPL-2.0-or-later
# complete.zsh DIRECTORY LINE: what zsh offers at the end of this command line, one a line, with the completion functions of
# DIRECTORY. An interactive zsh in a pseudo terminal really completes; its compadd is replaced by one that prints.
emulate zsh
zmodload zsh/zpty
setup=$(mktemp)
cat >$setup <<'END'
PROMPT= PROMPT2=
autoload -Uz compinit && compinit -D -u
bindkey '^I' complete-word
mark() { print -r -- $'\n'@@$1 }
first() { mark first }
last() { mark last; exit }
compprefuncs=(first)
comppostfuncs=(last)
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	typeset -a hits
	typeset -a pre=(-P "")
	builtin compadd -A hits "$@"
	zparseopts -E -a pre P: p:
	[[ $#hits -eq 0 ]] || print -rl -- @@$^pre[2]$^hits
}
print @@ready
END
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)1} \$fpath); . $setup"
while zpty -r shell line && [[ $line != *@@ready* || $line == *setup* ]]; do :; done
rm -f $setup
zpty -n -w shell "$2"$'\t'
while zpty -r shell line && [[ $line != *@@last* ]]; do
	line=${line//[$'\r\n']}
	[[ $line != @@?* || $line == @@first ]] || print -r -- ${line#@@}
done | sort -u
zpty -d shell
