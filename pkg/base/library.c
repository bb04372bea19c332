// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/library.h>

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static int failure(const struct ezlb_library *library, struct ezlb_err *err)
{
	return ezlb_err_set(err, ELIBACC, "%s: cannot load the library: %s", library->use,
			    dlerror());
}

int ezlb_library_load(struct ezlb_library *library, struct ezlb_err *err)
{
	void *handle, *address;

	if (library->loaded)
		return 0;
	handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return failure(library, err);
	for (const struct ezlb_library_symbol *symbol = library->symbols; symbol->name; symbol++) {
		int rc;

		address = dlsym(handle, symbol->name);
		if (!address) {
			rc = failure(library, err);
			dlclose(handle);
			return rc;
		}
		/* C has no conversion from void * to a pointer to a function; POSIX promises the
		 * copy. */
		memcpy(symbol->pointer, &address, sizeof(address));
	}
	library->loaded = true;
	return 0;
}
