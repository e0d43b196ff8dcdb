/* Threads with a scheduling class. Plain ones are pthreads. */
#ifndef ANOS_THREAD_H
#define ANOS_THREAD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Start a detached thread of class ANOS_CLASS_... that may use the C library.
 * `stack_bytes` is at most 8 MiB less 24 KiB. Answers 0 or an errno. Needs the
 * capabilities CREATE_THREAD and CREATE_REGION.
 */
int anos_thread_start(uint8_t thread_class, size_t stack_bytes, void *(*run)(void *),
                      void *argument);

#endif
