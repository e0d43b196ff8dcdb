/* Calls 11 to 15 without messages: channels and their names. */
#include "check.h"

static char pages[2 * PAGE] __attribute__((aligned(PAGE)));

/*
 * What finding one's own channel gives: its cookie or, under `derived`, one that
 * may only send, and the same one each time.
 */
static void finds(const char *text, const char *name, uint64_t channel)
{
    const result found = anos_find_named_channel(name);
    if (is_bearer()) {
        gives(text, found, channel);
    } else {
        CHECK(text, found.value && found.value != channel);
        gives(text, anos_find_named_channel(name), found.value);
        is("2 it may not be received on", anos_recv_message(found.value, 0, 0, 0), ANOS_INCAPABLE);
    }
}

int main(void)
{
    const result made = anos_create_channel(), other = anos_create_channel();
    is("1.8/11 create", made, ANOS_OK);
    CHECK("1.8/11 cookies differ and are not 0", made.value && other.value
          && made.value != other.value);
    const uint64_t channel = made.value;

    gives("1.8/15 an unknown name is OK and 0", anos_find_named_channel("names"), 0);
    gives("1.8/13 register", anos_register_channel_name(channel, "names"), 0);
    finds("1.8/15 find", "names", channel);
    gives("1.8/13 a second name", anos_register_channel_name(channel, "names too"), 0);
    is("1.8/13 a name that is taken is BAD_NUMBER",
       anos_register_channel_name(other.value, "names"), ANOS_BAD_NUMBER);
    is("1.8/13 taken by the same channel, too", anos_register_channel_name(channel, "names"),
       ANOS_BAD_NUMBER);
    is("1.8/13 an empty name is BAD_NUMBER", anos_register_channel_name(channel, ""),
       ANOS_BAD_NUMBER);
    is("1.8/13 an unknown channel is BAD_NUMBER", anos_register_channel_name(12345, "x"),
       ANOS_BAD_NUMBER);
    is("1.8/13 channel 0 is BAD_NUMBER", anos_register_channel_name(0, "x"), ANOS_BAD_NUMBER);
    is("1.8/13 a system call's cookie is no channel",
       anos_register_channel_name(__syscall_capabilities[ANOS_SYS_SLEEP], "x"), ANOS_BAD_NUMBER);
    is("1.8/13 kernel pointer is BADARGS", anos_register_channel_name(channel, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("1.8/13 unmapped pointer is BADARGS", anos_register_channel_name(channel, NOWHERE),
       ANOS_BADARGS);
    is("1.8/14 kernel pointer is BADARGS", anos_remove_channel_name(KERNEL_ADDRESS), ANOS_BADARGS);
    is("1.8/14 unmapped pointer is BADARGS", anos_remove_channel_name(NOWHERE), ANOS_BADARGS);
    is("1.8/15 kernel pointer is BAD_NAME", anos_find_named_channel(KERNEL_ADDRESS), ANOS_BAD_NAME);
    is("1.8/15 unmapped pointer is BAD_NAME", anos_find_named_channel(NOWHERE), ANOS_BAD_NAME);
    gives("1.8/15 the empty name is not found", anos_find_named_channel(""), 0);
    is("1.8/14 the empty name is BAD_NAME", anos_remove_channel_name(""), ANOS_BAD_NAME);

    is("1.8/14 remove", anos_remove_channel_name("names"), ANOS_OK);
    is("1.8/14 remove again is BAD_NAME", anos_remove_channel_name("names"), ANOS_BAD_NAME);
    gives("1.8/15 it is gone", anos_find_named_channel("names"), 0);
    finds("1.8/15 the second name is not", "names too", channel);
    gives("1.8/13 a name can be taken again", anos_register_channel_name(other.value, "names"), 0);

    memset(pages, 'n', sizeof pages);
    pages[300] = '\0';
    gives("4.1 a long name", anos_register_channel_name(channel, pages), 0);
    pages[255] = '\0';
    finds("4.1 only 255 bytes count", pages, channel);
    pages[254] = '\0';
    gives("4.1 all of them", anos_find_named_channel(pages), 0);
    anos_unmap_virtual(PAGE, (uint64_t)pages + PAGE);
    memcpy(pages + PAGE - 6, "names", 6);
    finds("4.1 a name may end with its page", pages + PAGE - 6, other.value);
    memcpy(pages + PAGE - 5, "names", 5);
    is("4.1 a name that does not end is BAD_NAME", anos_find_named_channel(pages + PAGE - 5),
       ANOS_BAD_NAME);

    is("1.8/12 destroy", anos_destroy_channel(channel), ANOS_OK);
    is("1.8/12 an unknown channel is OK", anos_destroy_channel(channel), ANOS_OK);
    is("1.8/12 channel 0 is OK", anos_destroy_channel(0), ANOS_OK);
    gives("4.5 a dead channel's names are gone", anos_find_named_channel("names too"), 0);
    gives("4.5 they can be taken again", anos_register_channel_name(other.value, "names too"), 0);
    is("1.8/13 a dead channel gets none", anos_register_channel_name(channel, "x"),
       ANOS_BAD_NUMBER);
    is("1.8/12 a call's cookie is no channel",
       anos_destroy_channel(__syscall_capabilities[ANOS_SYS_SLEEP]), ANOS_OK);
    is("1.8/5 the call is still there", anos_task_sleep_current(0), ANOS_OK);
    return finish();
}
