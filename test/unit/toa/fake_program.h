/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BPF program that is made up, in place of pkg/toa/{program,rows,pins}.c. */
#pragma once

#include <stdio.h>
#include <sys/stat.h>

#include <ezlb/table.h>

#include "pins.h"
#include "program.h"
#include "rows.h"

static struct {
	char dir[64]; /* stands for the directory of the pins; "" before fake_program_init */
	bool current; /* the pinned program is that of this ezlb */
	uint32_t id;  /* of the pinned program; 0: the pins are damaged */
	int can_load; /* 0 or -errno */
	int fail_load, fail_open, fail_rows, fail_put, fail_remove, fail_find;
	int loads, opens;
	int odd; /* entries that are no rows, or -errno */
	struct ezlb_toas rows;
} program;

static void fake_program_init(void)
{
	EZLB_VEC_CLEAR(&program.rows);
	memset(&program, 0, sizeof(program));
	snprintf(program.dir, sizeof(program.dir), "/tmp/ezlb-toa-%d", (int)getpid());
	rmdir(program.dir);
}

static bool is_pinned(void)
{
	return access(program.dir, F_OK) == 0;
}

static void pin(uint32_t id, bool current)
{
	rmdir(program.dir);
	assert_int_equal(mkdir(program.dir, 0700), 0);
	program.id = id;
	program.current = current;
}

int ezlb_toa_pins_find(struct ezlb_toa_pins *out, struct ezlb_err *err)
{
	if (program.fail_find)
		return ezlb_err_sys(err, -program.fail_find, "find");
	ezlb_strcpy(out->dir, sizeof(out->dir), program.dir);
	ezlb_strcpy(out->fresh, sizeof(out->fresh), program.dir);
	return 0;
}

int ezlb_toa_program_open(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	*out = (struct ezlb_toa_program)EZLB_TOA_NO_PROGRAM;
	program.opens++;
	if (program.fail_open)
		return ezlb_err_sys(err, -program.fail_open, "open");
	if (!is_pinned())
		return ezlb_err_set(err, ENOENT, "there are none");
	if (!program.id)
		return ezlb_err_set(err, EBADMSG, "damaged");
	/* fake_tc.h: the kernel's id of a program is its descriptor + 100. */
	out->program = (int)program.id - 100;
	out->id = program.id;
	out->current = program.current;
	return 0;
}

int ezlb_toa_program_load(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	*out = (struct ezlb_toa_program)EZLB_TOA_NO_PROGRAM;
	program.loads++;
	if (program.fail_load)
		return ezlb_err_set(err, -program.fail_load, "the load failed");
	if (!is_pinned() || !program.id || !program.current)
		pin(program.id ? program.id + 1 : 500, true);
	return ezlb_toa_program_open(out, err);
}

int ezlb_toa_program_can_load(struct ezlb_err *err)
{
	return program.can_load ? ezlb_err_set(err, -program.can_load, "this host cannot") : 0;
}

void ezlb_toa_program_close(struct ezlb_toa_program *p)
{
	*p = (struct ezlb_toa_program)EZLB_TOA_NO_PROGRAM;
}

int ezlb_toa_program_remove(struct ezlb_err *err)
{
	(void)err;
	if (program.fail_remove)
		return program.fail_remove;
	rmdir(program.dir);
	return 0;
}

void ezlb_toa_key_encode(const struct ezlb_service_key *service, struct ezlb_toa_service_key *out)
{
	*out = (struct ezlb_toa_service_key){ .port = service->listen.port };
}

int ezlb_toa_rows_list(const struct ezlb_toa_program *p, struct ezlb_toas *out,
		       struct ezlb_err *err)
{
	assert_true(p->program >= 0);
	if (program.fail_rows)
		return ezlb_err_sys(err, -program.fail_rows, "the map");
	EZLB_VEC_APPEND(out, &program.rows);
	return 0;
}

int ezlb_toa_rows_odd(const struct ezlb_toa_program *p, bool remove)
{
	int odd = program.odd;

	assert_true(p->program >= 0);
	if (remove && odd > 0)
		program.odd = 0;
	return odd;
}

int ezlb_toa_row_put(const struct ezlb_toa_program *p, const struct ezlb_toa_row *row,
		     struct ezlb_err *err)
{
	struct ezlb_toa_row *old = EZLB_FIND(&program.rows, row, ezlb_toa_row_cmp);

	(void)err;
	assert_true(p->program >= 0);
	if (program.fail_put)
		return program.fail_put;
	if (old)
		*old = *row;
	else
		*EZLB_PUSH(&program.rows) = *row;
	return 0;
}

int ezlb_toa_row_del(const struct ezlb_toa_program *p, const struct ezlb_service_key *service,
		     struct ezlb_err *err)
{
	size_t before = program.rows.len;

	(void)err;
	assert_true(p->program >= 0);
	EZLB_VEC_KEEP(&program.rows, i,
		      ezlb_service_key_cmp(&program.rows.items[i].service, service) != 0);
	return before == program.rows.len ? -ENOENT : 0;
}
