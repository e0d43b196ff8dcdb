/* Starts programs that stay until there is no memory for more of them. */
#include "process.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define STRINGS "boot:/crowd.elf\0stay"
#define OWN_BYTES 0x80000

static _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
static volatile char weight[OWN_BYTES];

static int64_t spawn(void)
{
    static const uint8_t ids[] = { ANOS_SYS_DEBUG_PRINT, ANOS_SYS_SLEEP };
    struct spawn_request *const request = (struct spawn_request *)page;
    request->stack_bytes = 0x4000;
    request->argument_count = 2;
    request->capability_count = sizeof ids;
    for (size_t i = 0; i < sizeof ids; i++) {
        const uint64_t cookie = __syscall_capabilities[ids[i]];
        request->capabilities[i] = (struct capability_pair){ ids[i], cookie };
    }
    memcpy(&request->capabilities[sizeof ids], STRINGS, sizeof STRINGS);
    const uint64_t processes = anos_find_named_channel(PROCESS_NAME).value;
    const uint64_t bytes = SPAWN_BYTES(sizeof ids, sizeof STRINGS);
    return (int64_t)anos_send_message(processes, PROCESS_SPAWN, bytes, page).value;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        for (size_t i = 0; i < sizeof weight; i += ANOS_PAGE_BYTES) {
            weight[i] = 1;
        }
        for (;;) {
            anos_task_sleep_current(UINT64_MAX / 4);
        }
    }
    for (int i = 0; i < 1000; i++) {
        const int64_t pid = spawn();
        if (pid < 0) {
            printf("crowd: refused with %lld\n", (long long)pid);
            break;
        }
        anos_task_sleep_current(1);
    }
    printf("done\n");
    return 0;
}
