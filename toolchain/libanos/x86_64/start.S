/*
 * Where a program starts, and where each further thread does.
 *
 * The kernel leaves capc, capv, argc, argv at the stack pointer (anos-abi 3.5)
 * and says nothing about other registers. STAGE3 starts threads with every
 * floating-point exception unmasked (anos-abi 3.6), so both ways in put MXCSR
 * and the x87 control word to what the C library expects.
 */
	.section .text.init, "ax", @progbits
	.globl _start
	.type _start, @function
_start:
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	and	$-16, %rsp
	ldmxcsr	float_control(%rip)
	fninit
	call	__anos_start
	ud2
	.size _start, . - _start

/* A thread's first instructions: `function` and `argument` lie on its stack. */
	.section .text.thread, "ax", @progbits
	.globl __anos_thread_start
	.hidden __anos_thread_start
	.type __anos_thread_start, @function
__anos_thread_start:
	pop	%rax
	pop	%rdi
	xor	%ebp, %ebp
	ldmxcsr	float_control(%rip)
	fninit
	call	*%rax
	ud2
	.size __anos_thread_start, . - __anos_thread_start

	.section .rodata.float_control, "a", @progbits
	.balign 4
float_control:
	.long	0x1f80

	.section .note.GNU-stack, "", @progbits
