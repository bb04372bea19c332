// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ezlb/mem.h>

const char *ezlb_errno_str(int code)
{
	const char *text = strerrordesc_np(code);

	return text ? text : "unknown error";
}

int ezlb_err_set(struct ezlb_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -code;
}

int ezlb_err_sys(struct ezlb_err *err, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg))
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", ezlb_errno_str(code));
	return -code;
}

int ezlb_err_wrap(struct ezlb_err *err, int rc, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	int n;

	if (!err)
		return rc;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 2 < sizeof(err->msg)) {
		memcpy(err->msg + n, ": ", 3);
		ezlb_strcpy(err->msg + n + 2, sizeof(err->msg) - (size_t)n - 2, inner);
	}
	return rc;
}
