// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pause: a worker that is about to be replaced answers the clients that it has and gets no other
 * ones: these wait for the next worker. Time is counted in looks, of which a pause of this process
 * is one, so a client that was there before it is heard after it.
 */
#include "server.h"

/* From 2 s to 3 s: a client that sends nothing holds nobody up for longer. */
#define READY_LOOKS 3
/* Then the worker is to be of use again, if there is no other one. */
#define ON_LOOKS 10

void pause_check(struct ezlb_api *api)
{
	void (*ready)(void *arg) = api->pause.ready;

	if (ready == NULL || (api->clients.len > 0 && api->pause.looks < READY_LOOKS))
		return;
	api->pause.ready = NULL;
	ready(api->pause.arg);
}

void pause_end(struct ezlb_api *api)
{
	api->pause.on = false;
	door_watch_all(api);
}

void pause_look(struct ezlb_api *api)
{
	if (!api->pause.on)
		return;
	api->pause.looks++;
	pause_check(api);
	if (api->pause.looks >= ON_LOOKS)
		pause_end(api);
}

void ezlb_api_pause(struct ezlb_api *api, void (*ready)(void *arg), void *arg)
{
	if (api->channel == NULL) {
		ready(arg);
		return;
	}
	if (!api->pause.on)
		api->pause.looks = 0;
	api->pause.on = true;
	api->pause.ready = ready;
	api->pause.arg = arg;
	door_watch_all(api);
	pause_check(api);
}
