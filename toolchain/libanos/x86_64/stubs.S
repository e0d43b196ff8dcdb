/*
 * One stub per system call (anos-abi 1.1): the call's cookie goes to r9 and
 * selects the call; arguments stay where C puts them, but for the fourth, since
 * SYSCALL overwrites rcx. The result comes back in rax:rdx, which is how C
 * returns a struct anos_result.
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
	mov	__syscall_capabilities + 8 * \id(%rip), %r9
	test	%r9, %r9
	jz	1f
	mov	%rcx, %r10
	syscall
	ret
1:	mov	$-254, %rax		/* ANOS_INCAPABLE */
	xor	%edx, %edx
	ret
	.size \symbol, . - \symbol
.endm

#define STUB(symbol, id) stub symbol, id;
ANOS_CALLS(STUB)

	.section .note.GNU-stack, "", @progbits
