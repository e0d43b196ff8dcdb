/* Two threads that each wait for the other one's answer, for ever. */
#include "check.h"

#include <anos/thread.h>

static uint64_t asked, asking;

static void *serve(void *unused)
{
    uint64_t tag, size;
    (void)unused;
    anos_recv_message(asked, &tag, &size, NULL);
    anos_send_message(asking, 2, 0, NULL);
    printf("FAIL it was answered\n");
    return NULL;
}

int main(void)
{
    asked = anos_create_channel().value;
    asking = anos_create_channel().value;
    anos_thread_start(ANOS_CLASS_NORMAL, 0x10000, serve, NULL);
    anos_send_message(asked, 1, 0, NULL);
    printf("FAIL it was answered\n");
    return 0;
}
