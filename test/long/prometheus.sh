#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/prometheus and deploy/grafana by those who read them: promtool accepts configurations, rules and the queries of the
# dashboard, each alert fires when it should and not on a quiet day, and the dashboard is as the types of Grafana say.
# test/deploy/prometheus.sh has what needs no Prometheus, test/lab/fleet.sh the real ones.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/kube.bash
. "$(dirname "$0")/../lib/kube.bash"
cd "$REPO"

board=deploy/grafana/ezlb.json

# Debian builds Prometheus without the discovery of Kubernetes: another one stands for it, so that the rest is looked at.
check_configs() {
	succeeds "promtool accepts prometheus.yml and its rules" promtool check config "$WORK/prometheus/prometheus.yml"
	sed 's/kubernetes_sd_configs:/dns_sd_configs:/; s/- role: pod/- names: [ezlb]/; /^ *namespaces:/d; /^ *names: \[ezlb\]$/d' \
		deploy/prometheus/kubernetes.yml >"$WORK/prometheus/kubernetes.yml"
	succeeds "and kubernetes.yml" promtool check config "$WORK/prometheus/kubernetes.yml"
	# Without files of rules it would accept them, too.
	mv "$WORK/prometheus/ezlb.alerts.yml" "$WORK/alerts.yml"
	equal "not without the rules" refused "$(promtool check config "$WORK/prometheus/prometheus.yml" >/dev/null 2>&1 || echo refused)"
	mv "$WORK/alerts.yml" "$WORK/prometheus/ezlb.alerts.yml"
}

# Each query of the dashboard as a recording rule.
check_queries() {
	python3 test/lib/rules.py filled "$board" | cut -f 2 | jq -R . |
		awk 'BEGIN { print "groups:\n- name: board\n  rules:" } { printf "  - {record: \"query_%d\", expr: %s}\n", NR, $0 }' >"$WORK/board.yml"
	succeeds "promtool parses the queries of the dashboard" promtool check rules "$WORK/board.yml"
	equal "all of them" "$(python3 test/lib/rules.py filled "$board" | wc -l)" "$(grep -c record "$WORK/board.yml")"
}

# wrong_rule EDIT: the unit tests find rules that are wrong.
wrong_rule() {
	cp "$WORK/prometheus"/*.yml "$WORK/wrong/"
	sed -i "$1" "$WORK/wrong"/ezlb.*.yml
	equal "the tests find this in the rules: $1" found "$(cd "$WORK/wrong" && promtool test rules ./*.test.yml >/dev/null 2>&1 || echo found)"
}

check_rules() {
	local test edit
	for test in alerts quiet; do
		succeeds "promtool: $test.test.yml" promtool test rules "$WORK/prometheus/$test.test.yml"
	done
	mkdir "$WORK/wrong"
	while read -r edit; do
		wrong_rule "$edit"
	done <<-'END'
		s/ unless ezlb_draining == 1//
		s/for: 1h/for: 10m/
		s/down|failed/down/
		s/> bool ezlb_start_time_seconds + 60/> bool 0/
		s/on (fleet, revision) fleet_rev/on (revision) fleet_rev/
		s/and on (fleet, service, backend) max.*/and on () vector(1)/
	END
}

check_types() {
	succeeds "the dashboard is as the types of Grafana say" python3 test/lib/board_types.py "$TOOLS" "$board"
	jq '.panels[1].options.colorMode = "backgrund" | .panels[2].targets[0].refID = "A" | .schemaVersion = "39"' "$board" >"$WORK/board.json"
	equal "which find what is broken" 2 "$(python3 test/lib/board_types.py "$TOOLS" "$WORK/board.json" | wc -l)"
}

need promtool prometheus
need jq jq
kube_tools
mkdir "$WORK/prometheus"
cp deploy/prometheus/*.yml test/data/prometheus/*.yml "$WORK/prometheus/"
check_configs
check_queries
check_rules
check_types
finish
