/* Says what it was started with: "name: arguments; ids of capabilities; how its memory is". */
#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096

extern char _data_end[];

static char data[PAGE + 100] = "data";
static char bss[20 * PAGE];
static const char constant[3 * PAGE] = "constant";

int main(int argc, char **argv)
{
    char line[900];
    int used = snprintf(line, sizeof line, "%s:", argv[0]);
    for (int i = 1; i < argc; i++) {
        used += snprintf(line + used, sizeof line - used, " %zu", strlen(argv[i]));
    }
    used += snprintf(line + used, sizeof line - used, ";");
    for (int id = 0; id < ANOS_CAPABILITY_SLOTS; id++) {
        if (__syscall_capabilities[id] != 0) {
            used += snprintf(line + used, sizeof line - used, " %d", id);
        }
    }
    int dirty = 0;
    for (const char *rest = _data_end; (uintptr_t)rest % PAGE != 0; rest++) {
        dirty += *rest != 0; /* behind the file's bytes */
    }
    for (size_t i = 0; i < sizeof bss; i++) {
        dirty += bss[i] != 0;
    }
    snprintf(line + used, sizeof line - used, "; %s %s %d\n", data, constant, dirty);
    data[0] = bss[0] = 'D'; /* the next one must not see it */
    anos_kprint(line);
    return 0;
}
