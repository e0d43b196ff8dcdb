/* What has been typed, and who waits for it. */
#ifndef INPUT_H
#define INPUT_H

#include "uart.h"

/* Take in bytes as the UART's interrupts tell of them; a thread that does not return. */
void *input_run(void *uart);

/*
 * A message asks for bytes; its page stays mapped at `page` until it is answered. Returns
 * true if it was, or will be when there are some, and then the page is in use until then;
 * false if too many wait.
 */
bool input_read(const struct uart *uart, uint64_t message, uint8_t *page);

/* Is a message with this page still waiting? */
bool input_uses(const uint8_t *page);

#endif
