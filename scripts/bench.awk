# From the lines "BENCH SECTION SIZE PROGRAM UNIT VALUE" of the cases test/lab/bench_*.sh to the tables of
# docs/benchmarks.md. For scripts/bench.
#
# Of the values of one program in one size the median is printed, with the least and the greatest. A ratio is made of two
# values of one round, and the median of these, with the least and the greatest, is printed.

function name(program, text) { names[program] = text }
function title(section, text) {
	titles[section] = text
	section_order[++n_sections] = section
}
# ratio(SECTION, OVER, UNDER, UNIT, TEXT, GOAL): a row below the values.
function ratio(section, over, under, unit, text, goal) {
	n = ++n_ratios[section]
	over_of[section, n] = over
	under_of[section, n] = under
	unit_of[section, n] = unit
	text_of[section, n] = text
	goal_of[section, n] = goal
}

BEGIN {
	title("cold", "Start to all objects in the kernel")
	title("edit", "One change among many")
	title("flip", "A backend goes down, until the kernel knows")
	title("idle", "Nothing happens")
	title("bare", "The start of a program that has nothing to do")
	title("checks", "Health checks by TCP")
	title("nat", "New connections")
	title("ask", "Metrics and the page")

	name("floor", "floor")
	name("read", "floor that reads the files")
	name("parse", "floor that reads and parses the files")
	name("plain", "ezlb")
	name("nftables", "ezlb, FullNAT with nftables")
	name("iptables", "ezlb, FullNAT with iptables")
	name("nft_-f", "the source NAT alone, `nft -f`")
	name("iptables-restore", "the source NAT alone, `iptables-restore`")
	name("keepalived", "keepalived")
	name("ipvsadm", "`ipvsadm -R`")

	ratio("cold", "plain", "parse", "ms", "ezlb / floor that reads and parses", "at most 1.5")
	ratio("cold", "nftables", "parse", "ms", "ezlb with nftables / floor that reads and parses", "at most 1.5")
	ratio("cold", "iptables", "parse", "ms", "ezlb with iptables / floor that reads and parses", "at most 1.5")
	ratio("cold", "plain", "read", "ms", "ezlb / floor that reads", "")
	ratio("cold", "nftables", "read", "ms", "ezlb with nftables / floor that reads", "")
	ratio("cold", "iptables", "read", "ms", "ezlb with iptables / floor that reads", "")
	ratio("cold", "keepalived", "plain", "ms", "keepalived / ezlb", "at least 3")
	ratio("cold", "ipvsadm", "plain", "ms", "`ipvsadm -R` / ezlb", "at least 7")
	ratio("edit", "keepalived_reload", "ezlb_file", "ms", "keepalived's reload / ezlb, one file", "at least 30 at 1000")
	ratio("edit", "keepalived_reload", "ezlb_configmap", "ms", "keepalived's reload / ezlb, ConfigMap", "at least 8 at 1000")
	ratio("idle", "ezlb", "keepalived", "KiB_anonymous", "ezlb / keepalived, anonymous memory", "")
	ratio("idle", "ezlb", "keepalived", "KiB_resident", "ezlb / keepalived, resident memory", "below 0.5")
	ratio("checks", "ezlb", "keepalived", "us_CPU_of_a_probe", "ezlb / keepalived", "below 1")
	ratio("nat", "nftables_1", "direct", "connections/s", "1 FullNAT service, nftables / no balancer", "")
	ratio("nat", "nftables_1", "ipvs", "connections/s", "1 FullNAT service, nftables / IPVS's NAT", "")
	ratio("nat", "nftables_all", "nftables_1", "connections/s", "all FullNAT / 1, nftables", "")
	ratio("nat", "iptables_1", "ipvs", "connections/s", "1 FullNAT service, iptables / IPVS's NAT", "")
	ratio("nat", "iptables_all", "iptables_1", "connections/s", "all FullNAT / 1, iptables", "")
}

$1 != "BENCH" || NF < 6 { next }
$2 == "version" {
	if (!(($4) in version))
		version_order[++n_versions] = $4
	version[$4] = $6
	next
}
$2 == "failed" {
	failures[++n_failures] = $4 " " ($3 == "-" ? "" : "at " $3)
	next
}
{
	row = $4 SUBSEP $5
	if (!(($2, row) in row_seen)) {
		row_seen[$2, row] = 1
		rows[$2, ++n_rows[$2]] = row
	}
	if (!(($2, $3) in size_seen)) {
		size_seen[$2, $3] = 1
		sizes[$2, ++n_sizes[$2]] = $3
	}
	value[$2, $3, $4, $5, ++count[$2, $3, $4, $5]] = $6
}

function label(program) {
	if (program in names)
		return names[program]
	gsub(/_/, " ", program)
	return program
}
function number(x) {
	if (x >= 100)
		return sprintf("%.0f", x)
	if (x >= 10)
		return sprintf("%.1f", x)
	return x == int(x) ? sprintf("%d", x) : sprintf("%.2f", x)
}
# spread(N): of list[1..N].
function spread(n, i, k, swap) {
	if (n == 0)
		return ""
	for (i = 2; i <= n; i++)
		for (k = i; k > 1 && list[k - 1] > list[k]; k--) {
			swap = list[k]
			list[k] = list[k - 1]
			list[k - 1] = swap
		}
	middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	return n == 1 ? number(middle) : number(middle) " (" number(list[1]) "-" number(list[n]) ")"
}
function cell(section, size, program, unit, i, n) {
	n = count[section, size, program, unit]
	for (i = 1; i <= n; i++)
		list[i] = value[section, size, program, unit, i] + 0
	return spread(n)
}
function ratio_cell(section, size, r, i, n, m, used) {
	n = count[section, size, over_of[section, r], unit_of[section, r]]
	m = count[section, size, under_of[section, r], unit_of[section, r]]
	if (m < n)
		n = m
	for (i = 1; i <= n; i++)
		if (value[section, size, under_of[section, r], unit_of[section, r], i] + 0 > 0)
			list[++used] = value[section, size, over_of[section, r], unit_of[section, r], i] / \
				value[section, size, under_of[section, r], unit_of[section, r], i]
	return spread(used + 0)
}
# slope(PROGRAM): bytes of resident memory for each of the 11 objects of a service, between the last two sizes.
function slope(program, n, large, small) {
	n = n_sizes["idle"]
	large = sizes["idle", n]
	small = sizes["idle", n - 1]
	if (n < 2 || !count["idle", large, program, "KiB_resident"] || !count["idle", small, program, "KiB_resident"])
		return
	printf "| **%s, bytes for each object** ", label(program)
	while (n-- > 1)
		printf "| "
	printf "| **%.0f** | |\n", 1024 * (value["idle", large, program, "KiB_resident", 1] - \
		value["idle", small, program, "KiB_resident", 1]) / (large - small) / 11
}
function table(section, i, k, part, line, any) {
	printf "\n### %s\n\n| ", titles[section]
	for (i = 1; i <= n_sizes[section]; i++)
		printf "| %s ", sizes[section, i]
	printf "| goal |\n|---"
	for (i = 0; i <= n_sizes[section]; i++)
		printf "|---"
	print "|"
	for (k = 1; k <= n_rows[section]; k++) {
		split(rows[section, k], part, SUBSEP)
		unit = part[2]
		gsub(/_/, " ", unit)
		printf "| %s, %s ", label(part[1]), unit
		for (i = 1; i <= n_sizes[section]; i++)
			printf "| %s ", cell(section, sizes[section, i], part[1], part[2])
		print "| |"
	}
	if (section == "idle") {
		slope("ezlb")
		slope("keepalived")
	}
	for (k = 1; k <= n_ratios[section]; k++) {
		line = ""
		any = 0
		for (i = 1; i <= n_sizes[section]; i++) {
			text = ratio_cell(section, sizes[section, i], k)
			any = any || text != ""
			line = line (text == "" ? "| " : "| **" text "** ")
		}
		if (any)
			printf "| **%s** %s| %s |\n", text_of[section, k], line, goal_of[section, k]
	}
}

END {
	printf "Measured on %s:", strftime("%Y-%m-%d", systime(), 1)
	for (i = 1; i <= n_versions; i++) {
		text = version[version_order[i]]
		gsub(/_/, " ", text)
		printf "%s %s %s", (i > 1 ? "," : ""), version_order[i], text
	}
	print "."
	for (s = 1; s <= n_sections; s++)
		if (n_rows[section_order[s]] > 0)
			table(section_order[s])
	if (n_failures > 0)
		printf "\nMissing, because it failed or took too long:"
	for (i = 1; i <= n_failures; i++)
		printf "%s %s", (i > 1 ? "," : ""), failures[i]
	if (n_failures > 0)
		print "."
}
