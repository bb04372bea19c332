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

# drain JSON: puts it into the document, as `draining`.
drain() {
	jq -c ".draining = $1" "$WWW/api/v1/status" >"$WORK/drained.json"
	mv "$WORK/drained.json" "$WWW/api/v1/status"
}

drained() {
	local words="This balancer is drained, by \`ezlb drain\`; \`ezlb undrain\` puts it back"
	fixture drained
	visit /
	comes "a balancer that drains says so, and how to put it back" "$alerts" \
		"$words: its addresses are on ezlb0-drain, and open connections go on. (10 min)"
	shows "not that something is wrong" 'document.getElementById("ready").textContent + document.getElementById("ready").dataset.tone' Drainedwarn
	shows "the tab says it" document.title "drained - ezlb lb-1"
	shows "the revision is a fact" "$(fact Revision)" 0a3c51d07be24f68
	shows "as an event, too" 'document.querySelector("#events li .type").textContent' "This balancer drains"
	drain '{kind: "until_exit", since: .now, device: null}'
	comes "one without a link for its addresses" "$alerts" "*by \`ezlb drain --until-exit\`; a restart*: without --vip-device ezlb moves no addresses*"
	drain '{kind: "exiting", since: .now, device: "ezlb0-drain"}'
	comes "one that is about to end" "$alerts" "*ezlb got SIGTERM, and ends when no connection is active: its addresses*"
	drain null
	comes "it is over" "$alerts" ""
	quiet "the console is quiet when it drains"
}
