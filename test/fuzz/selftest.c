// SPDX-License-Identifier: GPL-2.0-or-later
/* For test/cmd/fuzz.sh: a fault that only a fuzzer finds that sees what the code compares. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool fault = size >= 4 && data[0] == 'b' && data[1] == 'u' && data[2] == 'g' &&
		     data[3] == '!';

	FUZZ_CHECK(!fault);
	return 0;
}
