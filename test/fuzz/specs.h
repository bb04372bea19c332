/* SPDX-License-Identifier: GPL-2.0-or-later */
/* specs: what must be true of every spec and of every diagnostic. */
#pragma once

#include "fuzz.h"

#include <ezlb/config.h>
#include <ezlb/utf8.h>

/* No control characters. A line of the file may have tabs. */
static inline void fuzz_check_line(const char *text)
{
	for (; *text; text++)
		FUZZ_CHECK(((unsigned char)*text >= 0x20 || *text == '\t') && *text != 0x7f);
}

/* `lines` is the number of lines of the file; a place may be behind the last one. */
static inline void fuzz_check_diags(const struct ezlb_diags *diags, size_t first, size_t lines)
{
	for (size_t i = first; i < diags->len; i++) {
		const struct ezlb_diag *diag = &diags->items[i];
		char *text = ezlb_diag_text(diag);

		FUZZ_CHECK(diag->file && diag->message && diag->message[0]);
		FUZZ_CHECK(diag->at.line >= 1 && diag->at.col >= 1);
		FUZZ_CHECK((size_t)diag->at.line <= lines + 1);
		fuzz_check_line(diag->message);
		FUZZ_CHECK(!diag->source || !strchr(diag->source, '\n'));
		if (diag->help)
			fuzz_check_line(diag->help);
		free(text);
	}
}

static inline size_t fuzz_lines(const uint8_t *data, size_t size)
{
	size_t n = 1;

	/* libyaml's line breaks: LF, CR, and NEL, LS, PS, each of which ends in one of these. */
	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 ||
		     data[i] == 0xa9;
	return n;
}

static inline void fuzz_check_spec(const struct ezlb_spec *spec)
{
	uint8_t family = spec->listen.addr.family;

	FUZZ_CHECK(spec->name[0] && spec->scheduler[0] && family != 0);
	FUZZ_CHECK(spec->n_listeners > 0 && spec->n_backends > 0);
	FUZZ_CHECK(spec->n_backends <= EZLB_BACKENDS_MAX);
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *l = &spec->listeners[i];

		FUZZ_CHECK(l->listen.addr.family == family && l->key.listen.addr.family == family);
		FUZZ_CHECK(l->listen.port > 0 || l->key.fwmark > 0);
		FUZZ_CHECK(l->last_port == 0 || l->last_port >= l->listen.port);
	}
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *b = &spec->backends[i];

		FUZZ_CHECK(b->endpoint.addr.family == family && b->weight <= 65535);
		FUZZ_CHECK(b->lower <= b->upper);
	}
	FUZZ_CHECK(spec->full_nat || spec->snat_ip.first.family == 0);
	FUZZ_CHECK(!spec->full_nat || spec->forward == EZLB_MASQ);
	FUZZ_CHECK(spec->check.fast_interval_ms <= spec->check.interval_ms);
}
