/*
 * void hold_floats(const struct float_state *put, struct float_state *found,
 *                  uint64_t busy, uint64_t sleep_ns, uint64_t cookie)
 *
 * Load every floating-point register from `put`, let time pass, store them all
 * into `found`. One round of waiting is 4400 bytes of long no-operations.
 */
	.text
	.globl hold_floats
hold_floats:
	push	%rbx
	push	%rsi
	mov	%rdx, %rbx
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	16 * \n(%rdi), %xmm\n
.endr
	fninit
.irp n, 7, 6, 5, 4, 3, 2, 1, 0
	fldt	256 + 16 * \n(%rdi)
.endr
	ldmxcsr	384(%rdi)
	fldcw	388(%rdi)

	test	%rcx, %rcx
	jz	1f
	mov	%rcx, %rdi
	mov	%r8, %r9
	syscall				/* sleep (5) */
	jmp	3f
1:	test	%rbx, %rbx
	jz	3f
2:
.rept 400
	.byte	0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0
.endr
	dec	%rbx
	jnz	2b

3:	mov	(%rsp), %rsi
	stmxcsr	384(%rsi)
	fnstcw	388(%rsi)
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, 16 * \n(%rsi)
.endr
.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	fstpt	256 + 16 * \n(%rsi)
.endr
	fninit
	pushq	$0x1f80
	ldmxcsr	(%rsp)
	add	$8, %rsp
	pop	%rsi
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
