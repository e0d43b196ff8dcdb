/*
 * Where a program starts, and where each further thread does.
 *
 * The kernel leaves capc, capv, argc, argv at the stack pointer (anos-abi 3.5)
 * and says nothing about other registers. gp is set for code of other linkers,
 * which may address data by it; tp is the kernel's under plain Anos rules and
 * stays as it is. Both ways in clear fcsr: round to nearest, no exception seen.
 */
.macro set_global_pointer
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
.endm

	.section .text.init, "ax", @progbits
	.globl _start
	.type _start, @function
_start:
	set_global_pointer
	mv	a0, sp
	li	fp, 0
	li	ra, 0
	andi	sp, sp, -16
	fscsr	zero
	call	__anos_start
	unimp
	.size _start, . - _start

/* A thread's first instructions: `function` and `argument` lie on its stack. */
	.section .text.thread, "ax", @progbits
	.globl __anos_thread_start
	.hidden __anos_thread_start
	.type __anos_thread_start, @function
__anos_thread_start:
	set_global_pointer
	ld	t0, 0(sp)
	ld	a0, 8(sp)
	addi	sp, sp, 16
	li	fp, 0
	li	ra, 0
	fscsr	zero
	jalr	t0
	unimp
	.size __anos_thread_start, . - __anos_thread_start

	.section .note.GNU-stack, "", @progbits
