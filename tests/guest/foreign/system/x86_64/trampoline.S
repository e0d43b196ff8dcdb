/*
 * Where every child begins, still in SYSTEM's text and with SYSTEM's data and
 * .bss (anos-abi 3.4): the loader gets the initial sp and argv[0]. It runs
 * below that sp, so the stack image survives.
 */
	.text
	.globl child_trampoline
child_trampoline:
	mov	%rsp, %rdi
	mov	32(%rsp), %rsi
	xor	%ebp, %ebp
	call	load_server

/* _Noreturn void enter_program(uint64_t initial_sp, uint64_t entry) */
	.globl enter_program
enter_program:
	mov	%rdi, %rsp
	jmp	*%rsi

	.section .note.GNU-stack, "", @progbits
