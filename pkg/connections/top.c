// SPDX-License-Identifier: GPL-2.0-or-later
/* top: a heap of the best rows, whose root is the worst of these. */
#include <ezlb/connections.h>

#include <errno.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

static const char *const sorts[] = {
	[EZLB_CONNECTIONS_BY_AGE] = "age", [EZLB_CONNECTIONS_BY_BYTES] = "bytes"
};

const char *ezlb_connections_sort_str(enum ezlb_connections_sort sort)
{
	return sorts[sort];
}

int ezlb_connections_sort_parse(const char *text, enum ezlb_connections_sort *out)
{
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (strcmp(sorts[i], text) == 0) {
			*out = (enum ezlb_connections_sort)i;
			return 0;
		}
	return -EINVAL;
}

static int by_age(const void *pa, const void *pb)
{
	const struct ezlb_connections_row *a = pa, *b = pb;
	int c = CMP(a->connection.started_ms == 0, b->connection.started_ms == 0);

	if (c == 0)
		c = CMP(a->connection.started_ms, b->connection.started_ms);
	return c ? c : ezlb_connection_cmp(&a->connection, &b->connection);
}

static uint64_t bytes_of(const struct ezlb_connection *connection)
{
	return connection->bytes_in + connection->bytes_out;
}

static int by_bytes(const void *pa, const void *pb)
{
	const struct ezlb_connections_row *a = pa, *b = pb;
	int c = CMP(b->connection.counted, a->connection.counted);

	if (c == 0)
		c = CMP(bytes_of(&b->connection), bytes_of(&a->connection));
	return c ? c : ezlb_connection_cmp(&a->connection, &b->connection);
}

static ezlb_cmp_fn order_of(const struct ezlb_connections_top *top)
{
	return top->sort == EZLB_CONNECTIONS_BY_AGE ? by_age : by_bytes;
}

static void swap(struct ezlb_connections_row *a, struct ezlb_connections_row *b)
{
	struct ezlb_connections_row row = *a;

	*a = *b;
	*b = row;
}

/* The last row is new. */
static void sift_up(struct ezlb_connections_rows *rows, ezlb_cmp_fn order)
{
	for (size_t i = rows->len - 1; i > 0; i = (i - 1) / 2) {
		struct ezlb_connections_row *row = &rows->items[i];
		struct ezlb_connections_row *parent = &rows->items[(i - 1) / 2];

		if (order(row, parent) <= 0)
			return;
		swap(row, parent);
	}
}

/* The root is new. */
static void sift_down(struct ezlb_connections_rows *rows, ezlb_cmp_fn order)
{
	struct ezlb_connections_row *all = rows->items;

	for (size_t i = 0, child = 1; child < rows->len; i = child, child = 2 * i + 1) {
		if (child + 1 < rows->len && order(&all[child + 1], &all[child]) > 0)
			child++;
		if (order(&all[child], &all[i]) <= 0)
			return;
		swap(&all[child], &all[i]);
	}
}

void ezlb_connections_top_add(struct ezlb_connections_top *top,
			      const struct ezlb_connections_row *row, unsigned roles)
{
	ezlb_cmp_fn order = order_of(top);

	top->total++;
	top->clients += (roles & EZLB_ROLE_CLIENT) != 0;
	top->listeners += (roles & EZLB_ROLE_LISTENER) != 0;
	top->backends += (roles & EZLB_ROLE_BACKEND) != 0;
	if (top->rows.len < top->limit) {
		*EZLB_PUSH(&top->rows) = *row;
		sift_up(&top->rows, order);
	} else if (order(row, &top->rows.items[0]) < 0) {
		top->rows.items[0] = *row;
		sift_down(&top->rows, order);
	}
}

void ezlb_connections_top_finish(struct ezlb_connections_top *top)
{
	size_t n = top->rows.len;

	EZLB_SORT(&top->rows, order_of(top));
	EZLB_UNIQUE(&top->rows, order_of(top));
	top->total -= n - top->rows.len;
}

void ezlb_connections_top_clear(struct ezlb_connections_top *top)
{
	EZLB_VEC_CLEAR(&top->rows);
	top->total = top->clients = top->listeners = top->backends = 0;
}
