/*
 * The first instructions of every program (anos-abi 10, crt0): take the four
 * words off the stack, run what there is to run before main, then main, then
 * end this thread. The words are kept for who wants to check the image.
 */
	.section .text.init, "ax", @progbits
	.globl _start
_start:
	la	t0, __initial_stack
	sd	sp, 0(t0)
	ld	a0, 0(sp)		/* capc */
	ld	a1, 8(sp)		/* capv */
	ld	s1, 16(sp)		/* argc */
	ld	s2, 24(sp)		/* argv */
	sd	a0, 8(t0)
	sd	a1, 16(t0)
	sd	s1, 24(t0)
	sd	s2, 32(t0)
	addi	sp, sp, 32
	li	fp, 0
	andi	sp, sp, -16
	call	start_capabilities
	call	start_constructors
	mv	a0, s1
	mv	a1, s2
	call	main
	call	start_destructors
	call	anos_kill_current_task

	.section .note.GNU-stack, "", @progbits
