/*
 * void *memcpy(void *to, const void *from, size_t bytes)
 *
 * By aligned words: the compiler's runtime copies byte by byte here, since a word that is not
 * aligned may cost a trap. Words of one side that lie across words of the other are put together
 * from two of them; no word is read of which no byte is wanted.
 */
    .text
    .globl memcpy
    .type memcpy, @function
memcpy:
    mv t0, a0
1:  andi t1, t0, 7 /* bytes, up to an aligned place */
    beqz t1, 2f
    beqz a2, 8f
    lbu t2, 0(a1)
    sb t2, 0(t0)
    addi a1, a1, 1
    addi t0, t0, 1
    addi a2, a2, -1
    j 1b
2:  andi t5, a1, 7
    bnez t5, 5f
    li t1, 64
    bltu a2, t1, 4f
3:  ld a3, 0(a1)
    ld a4, 8(a1)
    ld a5, 16(a1)
    ld a6, 24(a1)
    ld a7, 32(a1)
    ld t2, 40(a1)
    ld t3, 48(a1)
    ld t4, 56(a1)
    sd a3, 0(t0)
    sd a4, 8(t0)
    sd a5, 16(t0)
    sd a6, 24(t0)
    sd a7, 32(t0)
    sd t2, 40(t0)
    sd t3, 48(t0)
    sd t4, 56(t0)
    addi a1, a1, 64
    addi t0, t0, 64
    addi a2, a2, -64
    bgeu a2, t1, 3b
4:  li t1, 8
    bltu a2, t1, 7f
    ld t2, 0(a1)
    sd t2, 0(t0)
    addi a1, a1, 8
    addi t0, t0, 8
    addi a2, a2, -8
    j 4b
5:  li t1, 16
    bltu a2, t1, 7f
    slli t3, t5, 3 /* so many bits of a word are too early, */
    neg t4, t3     /* and so many, of 64, of the next one are wanted */
    sub a1, a1, t5
    ld a3, 0(a1)
6:  ld a4, 8(a1)
    srl a5, a3, t3
    sll a6, a4, t4
    or a5, a5, a6
    sd a5, 0(t0)
    ld a3, 16(a1)
    srl a5, a4, t3
    sll a6, a3, t4
    or a5, a5, a6
    sd a5, 8(t0)
    addi a1, a1, 16
    addi t0, t0, 16
    addi a2, a2, -16
    bgeu a2, t1, 6b
    add a1, a1, t5
7:  beqz a2, 8f
    lbu t2, 0(a1)
    sb t2, 0(t0)
    addi a1, a1, 1
    addi t0, t0, 1
    addi a2, a2, -1
    j 7b
8:  ret
    .size memcpy, . - memcpy

    .section .note.GNU-stack, "", @progbits
