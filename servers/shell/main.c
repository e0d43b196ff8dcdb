/*
 * shell: commands that a person types, or a script does.
 *
 *   boot:/shell.elf
 *
 * It reads lines from the console (stream.h) and runs them, at the end of the input it
 * switches the machine off with the last command's status. Commands are in files by
 * subject (commands_*.c); programs are started by SYSTEM with what is named for them, and
 * nothing else (program.c). docs/shell.md is its manual.
 */
#include "complete.h"
#include "console.h"
#include "shell.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_DISK "disk0:/"
#define NO_DISK "boot:/"
#define POLL_NS UINT64_C(10000000)
#define DISK_POLLS_MAX 100 /* 1 s: disks are there long before, or there are none */
#define GREETING "This is anos-sim. `help` lists the commands.\n"

/* Begin on the first disk, if there is one. */
static void choose_directory(void)
{
    for (int poll = 0; poll < DISK_POLLS_MAX; poll++) {
        if (chdir(FIRST_DISK) == 0) {
            return;
        }
        anos_task_sleep_current(POLL_NS);
    }
    chdir(NO_DISK);
}

int main(void)
{
    static struct line line;
    static char prompt[4096];
    choose_directory();
    if (!console_open()) {
        printf("shell: there is no console\n");
        return 1;
    }
    console_write(GREETING, strlen(GREETING));
    for (;;) {
        if (getcwd(prompt, sizeof prompt - 2) == NULL) {
            strcpy(prompt, "?");
        }
        strcat(prompt, "> ");
        switch (console_read_line(&line, prompt, complete)) {
        case LINE_DONE:
            shell_line(line.text);
            break;
        case LINE_END:
            shell_power(ANOS_POWER_OFF, shell_status());
            printf("shell: may not switch the machine off\n");
            return 1;
        case LINE_ABANDONED:
            break;
        }
    }
}
