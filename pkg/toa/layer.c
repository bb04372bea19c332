// SPDX-License-Identifier: GPL-2.0-or-later
#include "layer.h"

#include <errno.h>
#include <sys/stat.h>

#include <ezlb/duration.h>

#include "rows.h"

/* What the kernel does not tell by a notification is read again after this time. */
#define READ_AGAIN_MS (60 * 1000)
/* After a load that failed: when to look whether a module has come that it may have lacked. */
#define TRY_AGAIN_MS (60 * 1000)

/* --- the program ----------------------------------------------------------------------------- */

struct stamp toa_stamp(struct toa *toa)
{
	struct stamp stamp = { 0 };
	struct stat st;

	if (!toa->has_pins)
		toa->has_pins = ezlb_toa_pins_find(&toa->pins, NULL) == 0;
	if (toa->has_pins && stat(toa->pins.dir, &st) == 0) {
		stamp.inode = st.st_ino;
		stamp.changed_s = st.st_ctim.tv_sec;
		stamp.changed_ns = st.st_ctim.tv_nsec;
	}
	return stamp;
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->inode == b->inode && a->changed_s == b->changed_s &&
	       a->changed_ns == b->changed_ns;
}

int toa_open_program(struct toa *toa, struct ezlb_err *err)
{
	const struct stamp stamp = toa_stamp(toa);

	if (toa->program.program >= 0 && is_same(&stamp, &toa->stamp))
		return 0;
	ezlb_toa_program_close(&toa->program);
	toa->stamp = stamp;
	return ezlb_toa_program_open(&toa->program, err);
}

/* Each module is a directory there. */
static uint64_t count_modules(void)
{
	struct stat st;

	return stat("/sys/module", &st) == 0 ? st.st_nlink : 0;
}

/* A lack of something that may be there the next time, and says nothing about the host. */
static bool may_pass(int rc)
{
	switch (-rc) {
	case ENOMEM:
	case EAGAIN:
	case EINTR:
	case EBUSY:
	case EMFILE:
	case ENFILE:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

void toa_remember_failure(struct toa *toa, int rc, const struct ezlb_err *err)
{
	if (may_pass(rc))
		return;
	toa->failed = (struct failed_load){ .at_ms = ezlb_now_ms(), .modules = count_modules() };
	ezlb_strcpy(toa->failed.reason, sizeof(toa->failed.reason), err->msg);
}

/*
 * Whether a load may succeed now: 0, or -errno with the reason. Another try would be an operation
 * that fails in each pass, so it needs a change of the host.
 */
static int can_load(struct toa *toa, struct ezlb_err *err)
{
	struct failed_load *failed = &toa->failed;
	int rc = ezlb_toa_program_can_load(err);

	if (rc < 0 || !failed->reason[0])
		return rc;
	if (ezlb_now_ms() - failed->at_ms >= TRY_AGAIN_MS) {
		uint64_t modules = count_modules();

		failed->at_ms = ezlb_now_ms();
		if (modules != failed->modules)
			failed->reason[0] = '\0';
	}
	return failed->reason[0] ? ezlb_err_set(err, EOPNOTSUPP, "%s", failed->reason) : 0;
}

/* --- list ------------------------------------------------------------------------------------ */

/* Rows are added only after everything has been read. */
static int fail_list(struct ezlb_table *out, int rc)
{
	out->toa_present = out->toa_sound = false;
	out->toa_problem[0] = '\0';
	return rc;
}

bool toa_keeps_pins(struct toa *toa)
{
	return toa->program.program >= 0 && can_load(toa, NULL) < 0;
}

/*
 * Sets present, sound and the problem, except for the hooks. A program of another version does its
 * work: it is a reason to load only where a load may succeed.
 */
static void list_program(struct toa *toa, struct ezlb_table *out)
{
	struct ezlb_err opened = { 0 }, load = { 0 };
	int rc = toa_open_program(toa, &opened);
	int loadable = rc == 0 && toa->program.current ? 0 : can_load(toa, &load);

	out->toa_present = toa->stamp.inode != 0;
	out->toa_sound = rc == 0 && (toa->program.current || loadable < 0);
	if (rc < 0 && loadable < 0)
		ezlb_strcpy(out->toa_problem, sizeof(out->toa_problem), load.msg);
	else if (rc < 0 && rc != -ENOENT && rc != -EBADMSG)
		ezlb_strcpy(out->toa_problem, sizeof(out->toa_problem), opened.msg);
}

static int read_world(struct toa *toa, struct ezlb_err *err)
{
	uint64_t now = ezlb_now_ms();
	int rc;

	wire_listen(&toa->wire, &toa->world);
	if (now - toa->read_at_ms >= READ_AGAIN_MS) {
		world_forget(&toa->world);
		toa->read_at_ms = now;
	}
	rc = wire_read(&toa->wire, &toa->world);
	if (rc == 0)
		return 0;
	return ezlb_err_sys(err, -rc, "cannot list routes and tc filters over rtnetlink");
}

/*
 * Nothing of TOA is pinned, and nothing can be or should be: hosts without it pay nothing for it.
 */
static bool is_idle(const struct toa *toa, const struct ezlb_table *out)
{
	return !toa->stamp.inode && (!toa->wanted || out->toa_problem[0]);
}

/*
 * An ezlb may have left hooks whose pins are gone, for example with the /sys/fs/bpf of a container.
 * So also an idle layer looks at all interfaces once in its life. True: there is nothing.
 */
static bool is_nothing_left(struct toa *toa)
{
	if (!toa->looked)
		toa->looked = read_world(toa, NULL) == 0;
	if (world_hooks(&toa->world) > 0)
		return false;
	wire_close(&toa->wire);
	return true;
}

/* What is no row makes the frame unsound: TOA_SETUP removes it. */
static int list_rows(struct toa *toa, struct ezlb_table *out, struct ezlb_err *err)
{
	int odd = ezlb_toa_rows_odd(&toa->program, false), rc;
	size_t before = out->toas.len;

	if (odd < 0)
		return ezlb_err_sys(err, -odd, "cannot read the BPF map of services");
	if (odd > 0)
		out->toa_sound = false;
	rc = ezlb_toa_rows_list(&toa->program, &out->toas, err);
	if (rc == 0 && !toa->wanted && odd == 0 && out->toas.len == before && toa_keeps_pins(toa))
		out->toa_present = false;
	return rc;
}

static int toa_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		    struct ezlb_table *out, struct ezlb_err *err)
{
	struct toa *toa = (void *)layer;
	int rc;

	(void)scope;
	list_program(toa, out);
	if (is_idle(toa, out) && is_nothing_left(toa))
		return 0;
	rc = read_world(toa, err);
	toa->looked |= rc == 0;
	if (rc == 0 && toa->program.program >= 0)
		rc = list_rows(toa, out, err);
	if (rc < 0)
		return fail_list(out, rc);
	if (!world_list_hooks(&toa->world, toa->program.id, &out->hooks))
		out->toa_sound = false;
	world_list_routes(&toa->world, &out->routes);
	out->toa_present |= world_hooks(&toa->world) > 0;
	return 0;
}

/* --- peek ------------------------------------------------------------------------------------ */

/* The map is part of it: somebody may write to it. The order of its rows is not. */
static int print_rows(const struct toa *toa, uint64_t *print)
{
	struct ezlb_toas rows = { 0 };
	int rc;

	if (toa->program.program < 0)
		return 0;
	rc = ezlb_toa_rows_odd(&toa->program, false);
	*print = rc > 0 ? (uint64_t)rc : 0;
	if (rc >= 0)
		rc = ezlb_toa_rows_list(&toa->program, &rows, NULL);
	for (size_t i = 0; rc == 0 && i < rows.len; i++) {
		struct {
			struct ezlb_toa_service_key key;
			uint32_t mode, ipv6_kind;
		} plain = { .mode = rows.items[i].mode, .ipv6_kind = rows.items[i].ipv6_kind };

		ezlb_toa_key_encode(&rows.items[i].service, &plain.key);
		*print += ezlb_hash(&plain, sizeof(plain));
	}
	EZLB_VEC_CLEAR(&rows);
	return rc;
}

static int toa_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct toa *toa = (void *)layer;
	const struct stamp stamp = toa_stamp(toa);
	uint64_t rows = 0;
	int rc;

	(void)scope;
	if (toa->wire.watch >= 0)
		wire_listen(&toa->wire, &toa->world);
	rc = is_same(&stamp, &toa->stamp) ? print_rows(toa, &rows) : 0;
	if (rc == 0) {
		const uint64_t prints[] = { stamp.inode, (uint64_t)stamp.changed_s,
					    (uint64_t)stamp.changed_ns, rows, toa->world.changes };

		*print = ezlb_hash(prints, sizeof(prints));
	}
	return rc;
}

/* --- the layer ------------------------------------------------------------------------------- */

static void toa_towards(struct ezlb_layer *layer, const struct ezlb_addrs *addrs)
{
	struct toa *toa = (void *)layer;

	world_towards(&toa->world, addrs);
	toa->wanted = addrs->len > 0;
}

static void toa_close(struct ezlb_layer *layer)
{
	struct toa *toa = (void *)layer;

	ezlb_toa_program_close(&toa->program);
	wire_close(&toa->wire);
	world_clear(&toa->world);
	free(toa);
}

int ezlb_toa_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	struct toa *toa = ezlb_calloc(1, sizeof(*toa));

	(void)err;
	*toa = (struct toa){
		.layer = { .list = toa_list,
			   .peek = toa_peek,
			   .apply = toa_apply,
			   .towards = toa_towards,
			   .close = toa_close },
		.program = EZLB_TOA_NO_PROGRAM,
		.wire = WIRE_CLOSED,
	};
	*out = &toa->layer;
	return 0;
}
