"""The golden scenario (golden.py) as code of riscv64: the same calls and the same memory."""

from __future__ import annotations

ASSEMBLY = """
.option norelax
.macro CALL id                      # the cookies are on the first stack, those of high ids first
  ld a7, 40 + (26-\\id)*16(s0)
  ecall
.endm
start:
  mv s0, sp
  lla a0, begin_text
  CALL 1                            # debug_print
  CALL 11                           # create_channel
  mv s1, a1
  li s3, 0x40000000
  sd s1, 0(s3)
  sd s0, 8(s3)
  lla a0, server
  li a1, 0x40003ff0
  li a2, 1
  CALL 3                            # create_thread
  li s2, 5
1:
  mv a0, s1
  mv a1, s2
  li a2, 64
  li a3, 0x40001000
  CALL 8                            # send_message
  addi s2, s2, -1
  bnez s2, 1b
  li a0, 0x50000000
  li a1, 0x50004000
  li a2, 1
  CALL 18                           # create_region
  li t0, 0x50000000
  li t1, 1
  sb t1, 0(t0)
  li t0, 0x50003000
  sb t1, 0(t0)
  li a0, 25000000
  CALL 5                            # sleep
  li a7, 1234
  ecall                             # no capability
  lla a0, done_text
  CALL 1
  li t0, 100000
2:
  addi t0, t0, -1
  bnez t0, 2b
  CALL 16                           # kill_current_task
server:
  li s3, 0x40000000
  ld s0, 8(s3)
3:
  ld a0, 0(s3)
  li a1, 0x40000010
  li a2, 0x40000018
  li a3, 0x40002000
  CALL 9                            # recv_message
  mv a0, a1
  ld a1, 16(s3)
  addi a1, a1, 1
  CALL 10                           # reply_message
  j 3b
begin_text: .asciz "golden: begin\\n"
done_text: .asciz "golden: done\\n"
"""
CODE = bytes.fromhex(
    "0a84170500001305050f8338841b730000008338841173000000ae84b709004023b0990023b4890017050000"
    "13054509b7450040c1350546833884197300000015492685ca8513060004b716004083388414730000007d19"
    "e31509fe37050050b745005005468338840a73000000b7020050054323806200b73200502380620037857d01"
    "1b05058483388417730000009308204d7300000017050000130595068338841b73000000e1629b82026afd12"
    "e39f02fe8338840c73000000b709004003b4890003b50900b7050040c125370600406126b726004083388413"
    "730000002e8583b5090185058338841273000000d1bf676f6c64656e3a20626567696e0a00676f6c64656e3a"
    "20646f6e650a00"
)
