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

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	ezlb_strcatf(err->msg, sizeof(err->msg), ": %s", ezlb_errno_str(code));
	return -code;
}

int ezlb_err_wrap(struct ezlb_err *err, int rc, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return rc;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	ezlb_strcatf(err->msg, sizeof(err->msg), ": %s", inner);
	return rc;
}
