/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signals: those that the daemon answers. TERM and INT end it, HUP makes it read its files, USR1
 * makes it open the file of the connection log anew.
 */
#pragma once

#include <uv.h>

#include <ezlb/err.h>

struct signals {
	uv_signal_t term, interrupt, hup, usr1;
	void (*on_stop)(void *arg, int number);
	void (*on_hup)(void *arg);
	void (*on_usr1)(void *arg);
	void *arg; /* of these functions, which the caller sets */
};

/* Catches nothing yet. The memory must stay until signals_close and a turn of the loop. */
void signals_init(struct signals *signals, uv_loop_t *loop);
int signals_start(struct signals *signals, struct ezlb_err *err);
void signals_close(struct signals *signals);
/* Closing restores the default actions: without this a second signal would kill the process. */
void signals_block(void);
/*
 * At the very start: HUP and USR1 are ignored until signals_start, which would otherwise end the
 * process. Files and log are opened after that anyway.
 */
void signals_expect(void);
