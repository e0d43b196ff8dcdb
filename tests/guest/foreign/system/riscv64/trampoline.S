/*
 * Where every child begins, still in SYSTEM's text and with SYSTEM's data and
 * .bss (anos-abi 3.4): the loader gets the initial sp and argv[0]. It runs
 * below that sp, so the stack image survives.
 */
	.text
	.globl child_trampoline
child_trampoline:
	mv	a0, sp
	ld	a1, 32(sp)
	li	fp, 0
	call	load_server

/* _Noreturn void enter_program(uint64_t initial_sp, uint64_t entry) */
	.globl enter_program
enter_program:
	mv	sp, a0
	jr	a1

	.section .note.GNU-stack, "", @progbits
