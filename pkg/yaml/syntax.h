/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syntax: translates libyaml's errors for people who do not know YAML. */
#pragma once

struct ezlb_source;
struct yaml_parser_s;

/* Reports the error at which yaml_parser_parse() stopped. */
void ezlb_syntax_refuse(struct ezlb_source *src, const struct yaml_parser_s *parser);
