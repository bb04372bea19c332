// SPDX-License-Identifier: GPL-2.0-or-later
#include "object.h"

#if __SIZEOF_SIZE_T__ == 8
#define SIZE_DIRECTIVE ".quad"
#else
#define SIZE_DIRECTIVE ".long"
#endif

/* C11 cannot include a file as bytes. */
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	".global object_bytes\n"
	".type object_bytes, %object\n"
	"object_bytes:\n"
	".incbin \"" EZLB_TOA_OBJECT "\"\n"
	".Lobject_end:\n"
	".size object_bytes, . - object_bytes\n"
	".balign 8\n"
	".global object_size\n"
	".type object_size, %object\n"
	"object_size:\n" SIZE_DIRECTIVE " .Lobject_end - object_bytes\n"
	".size object_size, . - object_size\n"
	".popsection\n");
