#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/prometheus and deploy/grafana: rules and queries are about metrics that ezlb has and rules that are recorded, each
# alert says what to do and has its section and its unit tests, the copies are those of scripts/alerts, the dashboard is well formed.
# test/long/prometheus.sh has what needs Prometheus itself.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
cd "$REPO"

files=(deploy/prometheus/ezlb.rules.yml deploy/prometheus/ezlb.alerts.yml)
board=deploy/grafana/ezlb.json
tests=test/data/prometheus

rules() {
	python3 test/lib/rules.py "$@"
}

# Metrics and records in the queries that nobody provides.
foreign_names() {
	{ metrics_known | sed 's/ .*//' && rules records "${files[@]}"; } | sort -u >"$WORK/names"
	rules queries "${files[@]}" "$board" | cut -f 2 | grep -oE '\b([a-z_]+:)?ezlb_[a-z_]+(:[a-z0-9_]+)?' | sort -u |
		comm -23 - "$WORK/names"
}

# Rows of the table in docs/alerts.md as "NAME SEVERITY AFTER".
documented() {
	sed -nE 's/^\| \[(Ezlb[A-Za-z]*)\]\(#[a-z]*\) \| ([a-z]*) \| ([0-9a-z]*) \| .*/\1 \2 \3/p' docs/alerts.md
}

# Commands of ezlb in the descriptions that do not exist.
foreign_commands() {
	commands_known >"$WORK/commands"
	# shellcheck disable=SC2016 # backticks are meant
	grep -ohE '`ezlb [a-z-]+' "${files[@]}" | sed 's/.* //' | sort -u | grep -vxf "$WORK/commands" || :
}

# Alerts without a test that they fire, and metrics of alerts without a series on the quiet day. Of one that fires when
# a metric is missing there is none.
untested() {
	local name
	rules alerts "${files[@]}" | sed 's/ .*//' | while read -r name; do
		grep -q "^  - name: $name\b" "$tests/alerts.test.yml" || echo "$name: no test"
		grep -q "alertname=\"$name\"" "$tests/alerts.test.yml" || echo "$name: no test expects it"
	done
	rules queries "${files[@]}" | cut -f 2 | grep -oE '(^|[^:])\bezlb_[a-z_]+\b' | grep -oE 'ezlb_[a-z_]+' | sort -u |
		grep -vxE 'ezlb_service_(active_connections|bytes_(in|out)_total)' | while read -r name; do
		grep -q "'$name{" "$tests/quiet.test.yml" || echo "$name: not on the quiet day"
	done
}

# Keys of the configurations that must agree with the rules and with the manifests.
config() {
	python3 test/lib/kube.py json "deploy/prometheus/$1.yml" | jq -r ".[0] | $2"
}

check_config() {
	local name
	for name in prometheus kubernetes; do
		equal "$name.yml: the job has the name of the rules" "$(rules queries "${files[@]}" "$board" |
			grep -oE 'job="[a-z]*"' | sort -u)" "job=\"$(config $name '.scrape_configs[].job_name')\""
		equal "$name.yml: the files with rules are there" "$(basename -a "${files[@]}")" "$(config $name '.rule_files[]')"
	done
	equal "kubernetes.yml: it keeps the pods of deploy/k8s" \
		"$(python3 test/lib/kube.py json deploy/k8s/components/monitoring/podmonitor.yaml |
			jq -r '.[0].spec | "\(.selector.matchLabels["app.kubernetes.io/name"]);\(.podMetricsEndpoints[0].port)"')" \
		"$(config kubernetes '.scrape_configs[0].relabel_configs[0].regex')"
	equal "and the namespace of deploy/k8s" "$(python3 test/lib/kube.py json deploy/k8s/base/namespace.yaml | jq -r '.[0].metadata.name')" \
		"$(config kubernetes '.scrape_configs[0].kubernetes_sd_configs[0].namespaces.names[]')"
}

# rules.py must find what it looks for: rules and dashboards that are broken on purpose.
check_checks() {
	local edit n=0
	while IFS= read -r edit; do
		sed "$edit" deploy/prometheus/ezlb.alerts.yml >"$WORK/broken.yml"
		succeeds "it is found in rules: $edit" test -n "$(rules wrong "$WORK/broken.yml")"
	done <<-'END'
		0,/{severity: page}/s//{severity: pager}/
		0,/ezlbdown/s//ezlbup/
		0,/`ezlb probe live`/s//it/
		0,/alert: EzlbAbsent/s//alert: EzlbDown/
		0,/ description:/s// detail:/
	END
	while IFS= read -r edit; do
		n=$((n + 1))
		jq "$edit" "$board" >"$WORK/broken.json"
		succeeds "it is found in the dashboard: $edit" test -n "$(rules dashboard "$WORK/broken.json")"
	done <<-'END'
		.panels[2].id = .panels[1].id
		.panels[2].gridPos = .panels[1].gridPos
		.panels[1].gridPos.w = 30
		.panels[1].targets = []
		.panels[1].targets[0].expr += "$nothing"
		.panels[1].targets[0].datasource.uid = "abc"
		.templating.list |= map(select(.name != "service"))
		.templating.list += [{name: "unused", query: ""}]
		.id = 7
	END
}

need jq jq
need_ezlb
equal "the rules are well formed" "" "$(rules wrong "${files[@]}")"
equal "ezlb has each metric in rules and dashboard, and each record exists" "" "$(foreign_names)"
equal "ezlb has the commands that alerts name" "" "$(foreign_commands)"
equal "docs/alerts.md has the alerts, with severity and time" "$(rules alerts "${files[@]}")" "$(documented)"
equal "and a section of each" "$(rules alerts "${files[@]}" | sed 's/ .*//')" "$(sed -n 's/^## \(Ezlb.*\)/\1/p' docs/alerts.md)"
equal "each alert has a test, and its metrics a quiet day" "" "$(untested)"
check_config
succeeds "scripts/alerts writes the copies" scripts/alerts "$WORK/copies"
for copy in deploy/k8s/components/monitoring/prometheusrule.yaml deploy/helm/ezlb/files/rules.yaml; do
	succeeds "$copy is new: else run scripts/alerts" cmp "$copy" "$WORK/copies/$copy"
done
equal "the dashboard is well formed" "" "$(rules dashboard "$board")"
equal "and tidy, as jq writes it" "$(jq --tab . "$board")" "$(<"$board")"
check_checks
finish
