// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of the settings of a Service. */
#include <string.h>

#include "kubernetes.h"

void k8s_note(struct k8s_job *job, enum ezlb_import_fate fate, const struct ezlb_node *at,
	      const char *text)
{
	struct ezlb_mark mark = at->key ? at->key_at : at->at;

	import_notes_add(&job->k->notes, fate, job->k->file, mark, job->name, "%s", text);
}

static const struct {
	const char *key;
	const char *gone; /* NULL: it is used, or is the cluster's own */
	const char *fine; /* the value without a note */
} settings[] = {
	{ "type", NULL, NULL },
	{ "ports", NULL, NULL },
	{ "externalIPs", NULL, NULL },
	{ "loadBalancerIP", NULL, NULL },
	{ "sessionAffinity", NULL, NULL },
	{ "sessionAffinityConfig", NULL, NULL },
	{ "externalTrafficPolicy", NULL, NULL },
	{ "ipFamilies", NULL, NULL },
	{ "ipFamilyPolicy", NULL, NULL },
	{ "selector", NULL, NULL }, /* the slices are its result */
	{ "clusterIP", NULL, NULL },
	{ "clusterIPs", NULL, NULL },
	{ "externalName", NULL, NULL },
	{ "allocateLoadBalancerNodePorts", NULL, NULL },
	{ "internalTrafficPolicy", "it is about clients inside of the cluster", "Cluster" },
	{ "healthCheckNodePort", "ezlb probes the backends and not the nodes", NULL },
	{ "loadBalancerSourceRanges", "every client can connect: limit the clients with a firewall",
	  NULL },
	{ "loadBalancerClass", "ezlb reads files and not Services", NULL },
	{ "publishNotReadyAddresses", "the backends are those that the slices call ready",
	  "false" },
	{ "trafficDistribution", "all backends get connections by their weight", NULL },
};

static void note_setting(struct k8s_job *job, const struct ezlb_node *node)
{
	char shown[EZLB_SHOW_STRLEN];
	EZLB_AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].key, node->key) != 0)
			continue;
		if (!settings[i].gone ||
		    (settings[i].fine && node->text && strcmp(settings[i].fine, node->text) == 0))
			return;
		text = ezlb_asprintf("%s: %s", node->key, settings[i].gone);
		k8s_note(job, EZLB_IMPORT_DROPPED, node, text);
		return;
	}
	text = ezlb_asprintf("%s: not known as a setting of a Service",
			     ezlb_source_show(node->key, shown));
	k8s_note(job, EZLB_IMPORT_DROPPED, node, text);
}

/* Annotations are for the controllers of the cluster. That of kubectl says nothing new. */
static void note_annotations(struct k8s_job *job)
{
	const struct ezlb_node *annotations = ezlb_node_get(ezlb_node_get(job->service, "metadata"),
							    "annotations");
	char shown[EZLB_SHOW_STRLEN];

	if (!annotations || annotations->kind != EZLB_NODE_MAP)
		return;
	for (const struct ezlb_node *item = annotations->first; item; item = item->next) {
		EZLB_AUTO_FREE char *text = NULL;

		if (strcmp(item->key, "kubectl.kubernetes.io/last-applied-configuration") == 0)
			continue;
		text = ezlb_asprintf("annotation %s: ezlb reads none",
				     ezlb_source_show(item->key, shown));
		k8s_note(job, EZLB_IMPORT_DROPPED, item, text);
	}
}

bool k8s_is_local(const struct k8s_job *job)
{
	const char *policy = ezlb_node_text(job->spec, "externalTrafficPolicy");

	return policy && strcmp(policy, "Local") == 0;
}

static void note_node_ports(struct k8s_job *job)
{
	const struct ezlb_node *ports = ezlb_node_get(job->spec, "ports");

	if (!ports || ports->kind != EZLB_NODE_LIST)
		return;
	for (const struct ezlb_node *item = ports->first; item; item = item->next)
		if (ezlb_node_get(item, "nodePort"))
			k8s_note(
				job, EZLB_IMPORT_DROPPED, ezlb_node_get(item, "nodePort"),
				"nodePort: ezlb listens on the addresses of the load balancer only");
}

void k8s_note_settings(struct k8s_job *job)
{
	const struct ezlb_node *policy = ezlb_node_get(job->spec, "externalTrafficPolicy");

	k8s_note(job, EZLB_IMPORT_CHANGED, job->service,
		 "readiness: the kubelet is not asked; the health check is that of ezlb");
	if (k8s_is_local(job))
		k8s_note(
			job, EZLB_IMPORT_CHANGED, policy,
			"externalTrafficPolicy: Local: full_nat: false keeps the address of the client; "
			"the pods must send their answers through the balancer");
	else
		k8s_note(
			job, EZLB_IMPORT_ADVICE, policy ? policy : job->service,
			"externalTrafficPolicy: Cluster: full_nat: true is what the masquerading of "
			"kube-proxy does");
	for (const struct ezlb_node *item = job->spec->first; item; item = item->next)
		note_setting(job, item);
	note_node_ports(job);
	note_annotations(job);
}
