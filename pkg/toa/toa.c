// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/toa.h>

#include <errno.h>
#include <stdlib.h>

static int list(struct ezlb_layer *layer, const struct ezlb_scope *scope, struct ezlb_table *out,
		struct ezlb_err *err)
{
	(void)layer;
	(void)scope;
	(void)err;
	ezlb_strcpy(out->toa_problem, sizeof(out->toa_problem), "this ezlb was built without it");
	return 0;
}

static int peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	(void)layer;
	(void)scope;
	*print = 0;
	return 0;
}

static int apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		 struct ezlb_err *err)
{
	(void)layer;
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = -EOPNOTSUPP;
	return ezlb_err_set(err, EOPNOTSUPP, "this ezlb was built without TOA");
}

static void toa_close(struct ezlb_layer *layer)
{
	free(layer);
}

int ezlb_toa_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	(void)err;
	*out = ezlb_calloc(1, sizeof(**out));
	**out = (struct ezlb_layer){
		.list = list, .peek = peek, .apply = apply, .close = toa_close
	};
	return 0;
}
