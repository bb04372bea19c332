// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The functions of libcurl that ezlb uses. Their names and prototypes are those of <curl/curl.h>;
 * the callers keep its checks of the types of options.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdarg.h>

#include <ezlb/curl.h>
#include <ezlb/library.h>

#define FUNCTIONS(X)                \
	X(curl_easy_cleanup)        \
	X(curl_easy_getinfo)        \
	X(curl_easy_init)           \
	X(curl_easy_perform)        \
	X(curl_easy_setopt)         \
	X(curl_easy_strerror)       \
	X(curl_global_cleanup)      \
	X(curl_global_init)         \
	X(curl_multi_add_handle)    \
	X(curl_multi_assign)        \
	X(curl_multi_cleanup)       \
	X(curl_multi_info_read)     \
	X(curl_multi_init)          \
	X(curl_multi_remove_handle) \
	X(curl_multi_setopt)        \
	X(curl_multi_socket_action) \
	X(curl_slist_append)        \
	X(curl_slist_free_all)      \
	X(curl_version_info)

#define POINTER(name) __typeof__(name) *name;
#define SYMBOL(name)  { #name, &real.name },

static struct {
	FUNCTIONS(POINTER)
} real;

static const struct ezlb_library_symbol symbols[] = { FUNCTIONS(SYMBOL){ 0 } };
EZLB_LIBRARY_NOTE("curl", EZLB_CURL_SONAME);

static struct ezlb_library library = {
	.soname = EZLB_CURL_SONAME,
	.use = "libcurl, for http and https checks and for asking a running ezlb",
	.symbols = symbols,
};

int ezlb_curl_load(struct ezlb_err *err)
{
	return ezlb_library_load(&library, err);
}

/*
 * The value of an option or of an info is a long or a pointer. ezlb uses none of those with a
 * curl_off_t, which can be larger.
 */
_Static_assert(sizeof(long) == sizeof(void *), "both are passed on in the same way");
#define VALUE_AFTER(last, value)                 \
	do {                                     \
		va_list args_;                   \
		va_start(args_, last);           \
		(value) = va_arg(args_, void *); \
		va_end(args_);                   \
	} while (0)

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	void *value;

	VALUE_AFTER(option, value);
	return real.curl_easy_setopt(easy, option, value);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	void *value;

	VALUE_AFTER(info, value);
	return real.curl_easy_getinfo(easy, info, value);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
	void *value;

	VALUE_AFTER(option, value);
	return real.curl_multi_setopt(multi, option, value);
}

CURL *curl_easy_init(void)
{
	return real.curl_easy_init();
}

void curl_easy_cleanup(CURL *easy)
{
	real.curl_easy_cleanup(easy);
}

CURLcode curl_easy_perform(CURL *easy)
{
	return real.curl_easy_perform(easy);
}

const char *curl_easy_strerror(CURLcode code)
{
	return real.curl_easy_strerror(code);
}

CURLcode curl_global_init(long flags)
{
	return real.curl_global_init(flags);
}

void curl_global_cleanup(void)
{
	real.curl_global_cleanup();
}

CURLM *curl_multi_init(void)
{
	return real.curl_multi_init();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
	return real.curl_multi_cleanup(multi);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	return real.curl_multi_add_handle(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	return real.curl_multi_remove_handle(multi, easy);
}

CURLMcode curl_multi_assign(CURLM *multi, curl_socket_t fd, void *arg)
{
	return real.curl_multi_assign(multi, fd, arg);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
	return real.curl_multi_info_read(multi, left);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int events, int *running)
{
	return real.curl_multi_socket_action(multi, fd, events, running);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
	return real.curl_slist_append(list, text);
}

void curl_slist_free_all(struct curl_slist *list)
{
	real.curl_slist_free_all(list);
}

curl_version_info_data *curl_version_info(CURLversion version)
{
	return real.curl_version_info(version);
}
