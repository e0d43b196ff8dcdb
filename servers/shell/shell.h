/* Lines of commands. */
#ifndef SHELL_H
#define SHELL_H

/* Run a line; answers the exit status, which is `$?` afterwards. */
int shell_line(const char *line);

/* The exit status of the command before. */
int shell_status(void);

/* Run the lines of a file, and stop at Ctrl-C; the status of the last one, or -1 and errno. */
int shell_file(const char *path);

/* Switch the machine off, or start it anew, once all files are on their disks. */
void shell_power(unsigned long action, int status);

#endif
