// SPDX-License-Identifier: GPL-2.0-or-later
/* services: which services there are by the files, for commands that ask no daemon. */
#include <ezlb/controller.h>

#include <ezlb/catalog.h>

#include "sources.h"

int ezlb_controller_services(const struct ezlb_options *options,
			     struct ezlb_connections_index *index, size_t *n_without,
			     struct ezlb_err *err)
{
	struct ezlb_lastgood lastgood = { .dir = NULL };
	/* Which of two services may use a backend with iptables does not matter for names. */
	struct ezlb_catalog catalog = { .lastgood = &lastgood,
					.snat_key = EZLB_SNAT_KEY_LISTENER,
					.quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	int rc = scan_dirs(options->config_dirs, options->n_config_dirs, &snapshot, err);

	if (rc == 0) {
		ezlb_lastgood_open(&lastgood, options->state_dir, false);
		ezlb_lastgood_persist(&lastgood, options->persist_dir);
		ezlb_catalog_update(&catalog, &snapshot);
		ezlb_connections_index_make(&catalog.desired, index);
		*n_without = catalog.n_without;
		ezlb_catalog_clear(&catalog);
		ezlb_lastgood_close(&lastgood);
	}
	ezlb_snapshot_clear(&snapshot);
	return rc;
}
