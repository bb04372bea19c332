# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # page.sh has the expressions
# What the page says of the whole balancer, and not of one service. Sourced by page.sh.

whole_host() {
	fixture full
	visit /
	comes "a full conntrack table is told, and gaps in the connection log" "$alerts" \
		"10 of 100 ended connections are not in the connection log.*The conntrack table is full: new connections are dropped; raise net.netfilter.nf_conntrack_max."
	shows "what the program for client addresses did" "$(fact "Client addresses")" "1.2k packets, 9 without room"
	press "$(row web).querySelector('summary')"
	shows "source ports that are low, in another colour" \
		"((dd) => dd.className + ' ' + dd.textContent)([...$(row web).querySelectorAll('.facts div')].find(n => n.firstChild.textContent === 'Source ports').lastChild)" \
		"low 54000 of 64512 used to 192.168.10.11:8443 (83%)"
	shows "and beside the backend that is down" "$(row web).querySelector('.why').textContent.includes('54000 of 64512 source ports')" true
	shows "a service whose backends are not told the client is ok, and says so" \
		"$(row api).querySelector('.mark').textContent + ' ' + $(row api).querySelector('.why > span').textContent" "ok this kernel has no BTF"
	press "$(row web).querySelector('summary')"
	fixture memory
	visit /
	comes "so is that nothing is programmed" "$alerts" "Nothing is programmed: in-memory data plane. No traffic is balanced."
	shows "ready is not green then" 'document.getElementById("ready").dataset.tone + document.getElementById("ready").textContent' "idleReady, in memory only"
	shows "what no row counts the head does not count" '[...document.querySelectorAll("#totals .figure")].map(n => n.textContent).join(" ")' "– –"
	shows "as the rows say" "$(row api).querySelectorAll('.figure')[1].textContent" "–"
	fixture empty
	visit /
	comes "without files the page says where they belong" 'document.getElementById("none").innerText' \
		"There are no service files yet. ezlb reads files that end in .yaml or .yml from /etc/ezlb/services.d, /srv/ezlb: one file is one service.*listen: 192.0.2.10:80*"
	shows "routine events are no news" 'document.getElementById("quiet").textContent + document.getElementById("quiet").hidden' "Nothing important has happened.false"
	press 'document.getElementById("all")'
	shows "but can be seen" 'document.querySelector("#events .type").textContent' "Kernel changed"
	quiet "the console is quiet then, too"
}

# addresses SERVICE: an expression for what the page says of them; the service must be open.
addresses() {
	printf '[...%s.querySelectorAll(".facts div")].find(n => n.firstChild.textContent === "Addresses").lastChild.textContent' "$(row "$1")"
}

drained() {
	fixture drained
	visit /
	comes "a balancer that drains says so, and how to put it back" "$alerts" \
		"Not ready: this balancer drains: by \`ezlb drain\`; \`ezlb undrain\` puts it back; its addresses are on ezlb0-drain (10 min)"
	shows "not that something is wrong" 'document.getElementById("ready").textContent + document.getElementById("ready").dataset.tone' Drainedwarn
	shows "the tab says it" document.title "drained - ezlb lb-1"
	shows "the revision is a fact" "$(fact Revision)" 0a3c51d07be24f68
	shows "the sync daemon, too" "$(fact "Sync daemon")" "master, backup"
	shows "as an event, too" 'document.querySelector("#events li .type").textContent' "This balancer drains"
	js '[...document.querySelectorAll("#services details")].forEach(d => d.open = true)' >/dev/null
	comes "where the addresses are, each once" "$(addresses api)" "10.20.0.11 is on ezlb0-drain: this balancer drains"
	shows "one that was withdrawn is told beside the reason" "$(row dns).querySelector('.why > span').textContent" \
		"no backend is up; 10.20.0.53 is not on ezlb0: no backend serves"
	shows "one that has not returned, without a reason" "$(row redis).querySelector('.why > span').textContent" \
		"[fd00:20::21] is not on ezlb0 yet"
	jq -c '.draining = null | .ready = true | .sync += {backup: false, problem: "why not"}' "$WWW/api/v1/status" >"$WORK/serves.json"
	mv "$WORK/serves.json" "$WWW/api/v1/status"
	comes "it is over, but the sync daemon has a problem" "$alerts" "Sync daemon of IPVS: why not"
	shows "one of them runs" "$(fact "Sync daemon")" master
	shows "and it is ready" 'document.getElementById("ready").textContent' Ready
	quiet "the console is quiet when it drains"
}
