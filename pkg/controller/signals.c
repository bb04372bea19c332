// SPDX-License-Identifier: GPL-2.0-or-later
#include "signals.h"

#include <signal.h>

static void on_stop_signal(uv_signal_t *signal, int number)
{
	struct signals *signals = signal->data;

	signals->on_stop(signals->arg, number);
}

static void on_hup_signal(uv_signal_t *signal, int number)
{
	struct signals *signals = signal->data;

	(void)number;
	signals->on_hup(signals->arg);
}

static void on_usr1_signal(uv_signal_t *signal, int number)
{
	struct signals *signals = signal->data;

	(void)number;
	signals->on_usr1(signals->arg);
}

void signals_init(struct signals *signals, uv_loop_t *loop)
{
	uv_signal_init(loop, &signals->term);
	uv_signal_init(loop, &signals->interrupt);
	uv_signal_init(loop, &signals->hup);
	uv_signal_init(loop, &signals->usr1);
	signals->term.data = signals->interrupt.data = signals->hup.data = signals->usr1.data =
		signals;
}

int signals_start(struct signals *signals, struct ezlb_err *err)
{
	int rc = uv_signal_start(&signals->term, on_stop_signal, SIGTERM);

	if (rc == 0)
		rc = uv_signal_start(&signals->interrupt, on_stop_signal, SIGINT);
	if (rc == 0)
		rc = uv_signal_start(&signals->hup, on_hup_signal, SIGHUP);
	if (rc == 0)
		rc = uv_signal_start(&signals->usr1, on_usr1_signal, SIGUSR1);
	return rc < 0 ? ezlb_err_set(err, -rc, "cannot catch signals: %s", uv_strerror(rc)) : 0;
}

void signals_close(struct signals *signals)
{
	uv_close((uv_handle_t *)&signals->term, NULL);
	uv_close((uv_handle_t *)&signals->interrupt, NULL);
	uv_close((uv_handle_t *)&signals->hup, NULL);
	uv_close((uv_handle_t *)&signals->usr1, NULL);
}

void signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void signals_expect(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
}
