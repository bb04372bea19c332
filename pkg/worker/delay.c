// SPDX-License-Identifier: GPL-2.0-or-later
#include "spawner.h"

#define DELAY_MIN_MS 20
#define DELAY_MAX_MS 5000

uint32_t spawn_delay(uint32_t failures)
{
	uint32_t delay = DELAY_MIN_MS;

	if (failures == 0)
		return 0;
	while (--failures > 0 && delay < DELAY_MAX_MS)
		delay *= 2;
	return delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
}
