/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manual: prints the manual pages and the completion of shells from the tables of commands, flags
 * and fields. It is a program of the build and is not installed. What it prints is in man/ and
 * completion/; `ninja manuals` writes these again, and test/cmd/manuals.sh compares.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "table.h"

/* The value of a flag or the argument of a command, as a shell completes it. */
enum arg_kind {
	ARG_NONE,
	ARG_WORDS,    /* one of its words: auto|never */
	ARG_DIR,      /* a directory */
	ARG_FILE,     /* a file or directory */
	ARG_SERVICE,  /* the name of a service of a running ezlb */
	ARG_ANYTHING, /* a number, a duration, an address */
};
enum arg_kind arg_kind(const char *arg); /* NULL, "": ARG_NONE */
/* The words of ARG_WORDS, with `separator` between them. */
void put_words(const char *arg, const char *separator);

/* The first sentence of a help text, without its full stop. */
size_t sentence_len(const char *help);

/*
 * roff.c: man(7). A text may have `code` in backticks, which becomes bold; everything else in it is
 * printed as it is.
 */
void roff_head(const char *title, int section, const char *summary);
void roff_text(const char *text);		   /* and ends the line */
void roff_say(const char *text);		   /* without the end of the line */
void roff_paragraph(const char *text);		   /* .PP */
void roff_section(const char *title);		   /* .SH */
void roff_subsection(const char *title);	   /* .SS */
void roff_item(const char *tag, const char *text); /* .TP, the tag in bold */
void roff_verbatim(const char *lines);

void print_commands_page(void); /* ezlb(8) */
void print_services_page(void); /* ezlb-service(5) */
void print_bash(void);
void print_zsh(void);
void print_fish(void);
