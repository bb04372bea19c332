// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/page.h>

#if __SIZEOF_SIZE_T__ == 8
#define SIZE_DIRECTIVE ".quad"
#else
#define SIZE_DIRECTIVE ".long"
#endif

/* C11 cannot include a file as bytes. ezlb_page_len does not count the NUL at the end. */
__asm__(".pushsection .rodata\n"
	".global ezlb_page\n"
	".type ezlb_page, %object\n"
	"ezlb_page:\n"
	".incbin \"" EZLB_PAGE_HTML "\"\n"
	".Lezlb_page_end:\n"
	".byte 0\n"
	".size ezlb_page, . - ezlb_page\n"
	".balign 8\n"
	".global ezlb_page_len\n"
	".type ezlb_page_len, %object\n"
	"ezlb_page_len:\n" SIZE_DIRECTIVE " .Lezlb_page_end - ezlb_page\n"
	".size ezlb_page_len, . - ezlb_page_len\n"
	".popsection\n");
