/* Records in memory that outlives pcidrv, if there is any. */
#include "progress.h"

#include "supervised.h"

#include <anos/abi.h>

#define KEPT_WINDOW UINT64_C(0x700000000)
#define RECORDS_MAX (ANOS_PAGE_BYTES / sizeof(struct progress))

static struct progress own[RECORDS_MAX];
static struct progress *records = own;

void progress_open(void)
{
    if (supervised_memory(KEPT_WINDOW, ANOS_PAGE_BYTES)) {
        records = (struct progress *)KEPT_WINDOW;
    }
}

struct progress *progress_of(const struct function *function)
{
    static struct progress spare;
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        if (records[i].config_physical == 0) {
            supervised_store(&records[i].config_physical, function->config_physical);
        }
        if (records[i].config_physical == function->config_physical) {
            return &records[i];
        }
    }
    spare = (struct progress){ .config_physical = function->config_physical };
    return &spare;
}
