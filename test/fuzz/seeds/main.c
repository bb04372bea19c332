// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include <sys/stat.h>

static const char *corpus;

void seed_add(struct ezlb_text *seed, const struct nlmsghdr *msg, uint32_t seq)
{
	static const char padding[NLMSG_ALIGNTO];
	size_t at = seed->len;

	ezlb_text_put(seed, (const char *)msg, msg->nlmsg_len);
	ezlb_text_put(seed, padding, NLMSG_ALIGN(msg->nlmsg_len) - msg->nlmsg_len);
	memcpy(seed->items + at + offsetof(struct nlmsghdr, nlmsg_seq), &seq, sizeof(seq));
}

static void add_code(struct ezlb_text *seed, uint16_t type, uint16_t flags, uint32_t seq)
{
	struct {
		struct nlmsghdr head;
		int code;
	} msg = { .head = { .nlmsg_len = sizeof(msg), .nlmsg_type = type, .nlmsg_flags = flags } };

	seed_add(seed, &msg.head, seq);
}

void seed_ack(struct ezlb_text *seed, uint32_t seq)
{
	add_code(seed, NLMSG_ERROR, 0, seq);
}

void seed_done(struct ezlb_text *seed, uint32_t seq)
{
	add_code(seed, NLMSG_DONE, NLM_F_MULTI, seq);
}

void seed_put(const char *target, const char *name, struct ezlb_text *seed)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", corpus, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", corpus, target, name);
	file = fopen(path, "we");
	if (!file || fwrite(seed->items, 1, seed->len, file) != seed->len || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
	EZLB_VEC_CLEAR(seed);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	corpus = argv[1];
	seeds_ipvs();
	seeds_conntrack();
	seeds_connlog();
	seeds_nft();
	seeds_xtables();
	seeds_toa();
	seeds_store();
	seeds_links();
	seeds_records();
	return 0;
}
