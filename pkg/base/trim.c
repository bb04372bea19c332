// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/mem.h>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Forgets the pages of a segment that nobody can write to. They are those of the file: the kernel
 * has them in its cache, and maps them again where they are used. A segment that can be written has
 * relocations and data, which would be lost.
 */
static void forget(const struct dl_phdr_info *object, const ElfW(Phdr) * segment, uintptr_t page)
{
	uintptr_t start = object->dlpi_addr + segment->p_vaddr;
	uintptr_t end = start + segment->p_memsz;

	start &= ~(page - 1);
	end = (end + page - 1) & ~(page - 1);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers. */
	madvise((void *)start, end - start, MADV_DONTNEED);
}

static int forget_object(struct dl_phdr_info *object, size_t size, void *arg)
{
	const uintptr_t *page = arg;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			forget(object, segment, *page);
	}
	return 0;
}

void ezlb_mem_trim(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	malloc_trim(0);
	dl_iterate_phdr(forget_object, &page);
}
