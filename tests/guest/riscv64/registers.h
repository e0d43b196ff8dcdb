/* Do registers survive a call? */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * All but a0 and a1 must (anos-abi 1.3). Each gets a value of its own, gp and tp
 * keep theirs. The cookie is that of a call; a1 and on are its arguments, too.
 */
__attribute__((naked)) static bool registers_survive(uint64_t cookie __attribute__((unused)),
                                                     uint64_t slow __attribute__((unused)))
{
    __asm__("addi sp, sp, -176\n"
            "sd ra, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n sd s2, 24(sp)\n sd s3, 32(sp)\n"
            "sd s4, 40(sp)\n sd s5, 48(sp)\n sd s6, 56(sp)\n sd s7, 64(sp)\n sd s8, 72(sp)\n"
            "sd s9, 80(sp)\n sd s10, 88(sp)\n sd s11, 96(sp)\n sd gp, 104(sp)\n sd tp, 112(sp)\n"
            "sd a0, 120(sp)\n sd sp, 128(sp)\n fsd fs3, 136(sp)\n"
            "mv a7, a0\n li a0, 0\n li ra, 101\n li t0, 102\n li t1, 103\n li t2, 104\n"
            "li s0, 105\n li s1, 106\n li a2, 107\n li a3, 108\n li a4, 109\n li a5, 110\n"
            "li a6, 111\n li s2, 112\n li s3, 113\n li s4, 114\n li s5, 115\n li s6, 116\n"
            "li s7, 117\n li s8, 118\n li s9, 119\n li s10, 120\n li s11, 121\n li t3, 122\n"
            "li t4, 123\n li t5, 124\n li t6, 125\n"
            "fmv.d.x ft0, t6\n fmv.d.x fs3, t5\n fmv.d.x fa7, t4\n fsrmi 2\n"
            "ecall\n"
            "addi ra, ra, -101\n addi t0, t0, -102\n addi t1, t1, -103\n addi t2, t2, -104\n"
            "addi s0, s0, -105\n addi s1, s1, -106\n addi a2, a2, -107\n addi a3, a3, -108\n"
            "addi a4, a4, -109\n addi a5, a5, -110\n addi a6, a6, -111\n addi s2, s2, -112\n"
            "addi s3, s3, -113\n addi s4, s4, -114\n addi s5, s5, -115\n addi s6, s6, -116\n"
            "addi s7, s7, -117\n addi s8, s8, -118\n addi s9, s9, -119\n addi s10, s10, -120\n"
            "addi s11, s11, -121\n addi t3, t3, -122\n addi t4, t4, -123\n addi t5, t5, -124\n"
            "addi t6, t6, -125\n"
            "or ra, ra, t0\n or ra, ra, t1\n or ra, ra, t2\n or ra, ra, s0\n or ra, ra, s1\n"
            "or ra, ra, a2\n or ra, ra, a3\n or ra, ra, a4\n or ra, ra, a5\n or ra, ra, a6\n"
            "or ra, ra, s2\n or ra, ra, s3\n or ra, ra, s4\n or ra, ra, s5\n or ra, ra, s6\n"
            "or ra, ra, s7\n or ra, ra, s8\n or ra, ra, s9\n or ra, ra, s10\n or ra, ra, s11\n"
            "or ra, ra, t3\n or ra, ra, t4\n or ra, ra, t5\n or ra, ra, t6\n"
            "fmv.x.d t0, ft0\n addi t0, t0, -125\n or ra, ra, t0\n"
            "fmv.x.d t0, fs3\n addi t0, t0, -124\n or ra, ra, t0\n"
            "fmv.x.d t0, fa7\n addi t0, t0, -123\n or ra, ra, t0\n"
            "frrm t0\n addi t0, t0, -2\n or ra, ra, t0\n fsrmi 0\n"
            "ld t0, 104(sp)\n xor t0, t0, gp\n or ra, ra, t0\n"
            "ld t0, 112(sp)\n xor t0, t0, tp\n or ra, ra, t0\n"
            "ld t0, 120(sp)\n xor t0, t0, a7\n or ra, ra, t0\n"
            "ld t0, 128(sp)\n xor t0, t0, sp\n or ra, ra, t0\n"
            "seqz a0, ra\n"
            "ld ra, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n ld s2, 24(sp)\n ld s3, 32(sp)\n"
            "ld s4, 40(sp)\n ld s5, 48(sp)\n ld s6, 56(sp)\n ld s7, 64(sp)\n ld s8, 72(sp)\n"
            "ld s9, 80(sp)\n ld s10, 88(sp)\n ld s11, 96(sp)\n fld fs3, 136(sp)\n"
            "addi sp, sp, 176\n ret");
}

#endif
