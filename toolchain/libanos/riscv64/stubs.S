/*
 * One stub per system call (anos-abi 1.3): the call's cookie goes to a7 and
 * selects the call; arguments stay where C puts them. The result comes back in
 * a0:a1, which is how C returns a struct anos_result.
 *
 * Without a cookie the answer is ANOS_INCAPABLE at once: asking the kernel
 * would have this process throttled.
 */
#include <anos/abi.h>

.macro stub symbol, id
	.section .text.\symbol, "ax", @progbits
	.globl \symbol
	.type \symbol, @function
\symbol:
1:	auipc	a7, %pcrel_hi(__syscall_capabilities + 8 * \id)
	ld	a7, %pcrel_lo(1b)(a7)
	beqz	a7, 2f
	ecall
	ret
2:	li	a0, -254		/* ANOS_INCAPABLE */
	li	a1, 0
	ret
	.size \symbol, . - \symbol
.endm

#define STUB(symbol, id) stub symbol, id;
ANOS_CALLS(STUB)

	.section .note.GNU-stack, "", @progbits
