/*
 * kterminal without a kernel: its own code, compiled for the host. The log is
 * stdin, taken by at most READ_BYTES at a time; at its end the framebuffer, of
 * WIDTH by HEIGHT pixels of 32 bits, goes to stdout.
 *
 *   screen_host WIDTH HEIGHT READ_BYTES
 */
#include <anos/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#undef main /* kterminal's own is compiled under another name */
int terminal_main(void);

static uint32_t width, height, read_bytes;
static uint8_t *pixels;

struct anos_result anos_get_framebuffer_phys(struct anos_framebuffer *info)
{
    *info = (struct anos_framebuffer){
        .width = width, .height = height, .pitch = width * 4, .bits_per_pixel = 32
    };
    return (struct anos_result){ .type = width > 0 ? ANOS_OK : ANOS_FAILURE };
}

struct anos_result anos_map_physical(uint64_t physical, uint64_t base, uint64_t size,
                                     uint64_t flags)
{
    (void)physical, (void)flags;
    pixels = mmap((void *)base, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return (struct anos_result){ .type = pixels != MAP_FAILED ? ANOS_OK : ANOS_FAILURE };
}

struct anos_result anos_read_kernel_log(void *buffer, uint64_t size, uint64_t flags)
{
    (void)flags;
    const ssize_t count = read(STDIN_FILENO, buffer, size < read_bytes ? size : read_bytes);
    return (struct anos_result){ .type = count > 0 ? ANOS_OK : ANOS_FAILURE,
                                 .value = count > 0 ? (uint64_t)count : 0 };
}

/* There is no console here. */
struct anos_result anos_create_channel(void)
{
    return (struct anos_result){ .type = ANOS_FAILURE };
}

struct anos_result anos_register_channel_name(uint64_t channel, const char *name)
{
    (void)channel, (void)name;
    return (struct anos_result){ .type = ANOS_FAILURE };
}

struct anos_result anos_recv_message(uint64_t channel, uint64_t *tag, uint64_t *bytes, void *page)
{
    (void)channel, (void)tag, (void)bytes, (void)page;
    return (struct anos_result){ .type = ANOS_FAILURE };
}

struct anos_result anos_reply_message(uint64_t message, uint64_t value)
{
    (void)message, (void)value;
    return (struct anos_result){ .type = ANOS_FAILURE };
}

int anos_thread_start(uint8_t thread_class, size_t stack_bytes, void *(*run)(void *), void *argument)
{
    (void)thread_class, (void)stack_bytes, (void)run, (void)argument;
    return -1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    width = (uint32_t)atoi(argv[1]);
    height = (uint32_t)atoi(argv[2]);
    read_bytes = (uint32_t)atoi(argv[3]);
    const int picture = dup(STDOUT_FILENO);
    if (freopen("/dev/null", "w", stdout) == NULL) { /* kterminal's own lines */
        return 1;
    }
    terminal_main();
    for (uint64_t left = (uint64_t)width * height * 4; pixels != NULL && left > 0;) {
        const ssize_t written = write(picture, pixels, left);
        if (written <= 0) {
            return 1;
        }
        pixels += written;
        left -= (uint64_t)written;
    }
    return 0;
}

uint64_t supervised_channel(uint64_t number)
{
    (void)number;
    return 0;
}

bool supervised_name(uint64_t channel, const char *name)
{
    (void)channel, (void)name;
    return false;
}
