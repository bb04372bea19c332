// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <stdio.h>

#include "object.h"

#define R_BPF_64_64 1

#ifdef __BIG_ENDIAN__
#define OUR_DATA ELFDATA2MSB
#else
#define OUR_DATA ELFDATA2LSB
#endif

struct elf {
	const char *bytes;
	size_t size;
	Elf64_Ehdr header;
};

static bool inside(const struct elf *elf, uint64_t at, uint64_t len)
{
	return at <= elf->size && len <= elf->size - at;
}

static bool read_at(const struct elf *elf, uint64_t at, void *to, size_t len)
{
	if (!inside(elf, at, len))
		return false;
	memcpy(to, elf->bytes + at, len);
	return true;
}

/* NULL: not a text inside of the object. */
static const char *text_at(const struct elf *elf, uint64_t at)
{
	return at < elf->size && memchr(elf->bytes + at, '\0', elf->size - at) ? elf->bytes + at
									       : NULL;
}

static bool read_section(const struct elf *elf, size_t index, Elf64_Shdr *out)
{
	return index < elf->header.e_shnum &&
	       read_at(elf, elf->header.e_shoff + index * sizeof(*out), out, sizeof(*out)) &&
	       (out->sh_type == SHT_NOBITS || inside(elf, out->sh_offset, out->sh_size));
}

static const char *section_name(const struct elf *elf, const Elf64_Shdr *section)
{
	Elf64_Shdr names;

	if (!read_section(elf, elf->header.e_shstrndx, &names))
		return NULL;
	return text_at(elf, names.sh_offset + section->sh_name);
}

/* The index, or 0: there is none. */
static size_t find_section(const struct elf *elf, const char *name, Elf64_Shdr *out)
{
	for (size_t i = 1; i < elf->header.e_shnum; i++) {
		const char *found = read_section(elf, i, out) ? section_name(elf, out) : NULL;

		if (found && strcmp(found, name) == 0)
			return i;
	}
	return 0;
}

static const char *symbol_name(const struct elf *elf, const Elf64_Shdr *symbols, uint64_t index)
{
	Elf64_Shdr names;
	Elf64_Sym symbol;

	if (index >= symbols->sh_size / sizeof(symbol) ||
	    !read_at(elf, symbols->sh_offset + index * sizeof(symbol), &symbol, sizeof(symbol)) ||
	    !read_section(elf, symbols->sh_link, &names))
		return NULL;
	return text_at(elf, names.sh_offset + symbol.st_name);
}

static int read_uses(const struct elf *elf, const Elf64_Shdr *section, struct object_program *out)
{
	Elf64_Shdr symbols;

	if (!read_section(elf, section->sh_link, &symbols))
		return -EINVAL;
	for (uint64_t at = 0; at + sizeof(Elf64_Rel) <= section->sh_size; at += sizeof(Elf64_Rel)) {
		const char *map;
		Elf64_Rel rel;

		if (!read_at(elf, section->sh_offset + at, &rel, sizeof(rel)))
			return -EINVAL;
		map = symbol_name(elf, &symbols, ELF64_R_SYM(rel.r_info));
		if (!map || ELF64_R_TYPE(rel.r_info) != R_BPF_64_64 ||
		    rel.r_offset / sizeof(struct bpf_insn) >= out->n_insns)
			return -EINVAL;
		*EZLB_PUSH(&out->uses) = (struct object_use){
			.insn = rel.r_offset / sizeof(struct bpf_insn), .map = map
		};
	}
	return 0;
}

static int read_program(const struct elf *elf, const char *name, struct object_program *out)
{
	Elf64_Shdr code, section;
	size_t index = find_section(elf, name, &code);

	if (index == 0 || code.sh_size == 0 || code.sh_size % sizeof(struct bpf_insn) != 0 ||
	    code.sh_type != SHT_PROGBITS)
		return -EINVAL;
	out->n_insns = code.sh_size / sizeof(struct bpf_insn);
	out->insns = ezlb_calloc(out->n_insns, sizeof(struct bpf_insn));
	memcpy(out->insns, elf->bytes + code.sh_offset, code.sh_size);
	for (size_t i = 1; i < elf->header.e_shnum; i++)
		if (read_section(elf, i, &section) && section.sh_type == SHT_REL &&
		    section.sh_info == index && read_uses(elf, &section, out) < 0)
			return -EINVAL;
	return 0;
}

static bool is_bpf(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == OUR_DATA &&
	       header->e_machine == EM_BPF && header->e_shentsize == sizeof(Elf64_Shdr);
}

int object_read(const void *bytes, size_t size, const char *section, struct object_program *out,
		struct ezlb_err *err)
{
	struct elf elf = { .bytes = bytes, .size = size };

	*out = (struct object_program){ 0 };
	if (!read_at(&elf, 0, &elf.header, sizeof(elf.header)) || !is_bpf(&elf.header))
		return ezlb_err_set(err, EINVAL, "the BPF programs are no object for this machine");
	if (read_program(&elf, section, out) == 0)
		return 0;
	object_clear(out);
	return ezlb_err_set(err, EINVAL, "the BPF programs have no section '%s' that can be used",
			    section);
}

void object_clear(struct object_program *program)
{
	free(program->insns);
	EZLB_VEC_CLEAR(&program->uses);
	*program = (struct object_program){ 0 };
}
