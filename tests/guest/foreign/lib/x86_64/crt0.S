/*
 * The first instructions of every program (anos-abi 10, crt0): take the four
 * words off the stack, run what there is to run before main, then main, then
 * end this thread. The words are kept for who wants to check the image.
 */
	.section .text.init, "ax", @progbits
	.globl _start
_start:
	mov	%rsp, __initial_stack(%rip)
	pop	%rdi			/* capc */
	pop	%rsi			/* capv */
	pop	%r12			/* argc */
	pop	%r13			/* argv */
	mov	%rdi, __initial_stack + 8(%rip)
	mov	%rsi, __initial_stack + 16(%rip)
	mov	%r12, __initial_stack + 24(%rip)
	mov	%r13, __initial_stack + 32(%rip)
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	start_capabilities
	call	start_constructors
	mov	%r12, %rdi
	mov	%r13, %rsi
	call	main
	call	start_destructors
	call	anos_kill_current_task

	.section .note.GNU-stack, "", @progbits
