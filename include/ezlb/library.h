/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * library: a shared library that is loaded when it is first needed. For those that many runs do
 * without, and that cost megabytes of memory because of what they are linked with themselves.
 *
 * The package that needs one defines the library's functions under their own names, as calls
 * through pointers that ezlb_library_load() sets. So callers look as if they were linked with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

struct ezlb_library_symbol {
	const char *name;
	void *pointer; /* address of the pointer to the function */
};

struct ezlb_library {
	const char *soname; /* as the build found it */
	const char *use;    /* what does not work without it, for the error */
	const struct ezlb_library_symbol *symbols; /* up to one without a name */
	bool loaded;
};

/*
 * Does nothing if it is loaded; it stays so until the process ends. -ELIBACC: it is not there, or
 * lacks a symbol, and the error names the library; another call tries again. Main thread only.
 */
int ezlb_library_load(struct ezlb_library *library, struct ezlb_err *err);

/*
 * A note in the program that names the library, because tools that make packages and images do not
 * see it among those that it is linked with: scripts/loaded reads it. Form and numbers are those of
 * https://uapi-group.org/specifications/specs/elf_dlopen_metadata/. Once in a .c file.
 */
#define EZLB_LIBRARY_NOTE(feature, soname) \
	EZLB_LIBRARY_NOTE_("[{\"feature\":\"" feature "\",\"soname\":[\"" soname "\"]}]")
#define EZLB_LIBRARY_NOTE_(json)                                                         \
	__attribute__((used, aligned(4), section(".note.dlopen"))) static const struct { \
		uint32_t name_size, json_size, type;                                     \
		char name[4], text[sizeof(json)];                                        \
	} library_note = { 4, sizeof(json), 0x407c0c0a, "FDO", json }
