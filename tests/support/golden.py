"""A small scenario of bare machine code, whose events are the same on every host.

No compiler has a part in it: the code is fixed, below is what that of x86_64 was assembled
from. It prints, has a second thread answer five messages with a page, touches memory that
appears, sleeps, makes a call without a capability, computes and ends.
"""

from __future__ import annotations

from anos_sim.stage3.event_log import EventLog

from .architectures import DEFAULT
from .golden_riscv64 import CODE as RISCV64
from .kernel import boot_image, code_image

ASSEMBLY = """
.intel_syntax noprefix
.macro CALL id                      # the cookies are on the first stack, those of high ids first
  mov r9, [rbx + 40 + (26-\\id)*16]
  syscall
.endm
start:
  mov rbx, rsp
  lea rdi, [rip+begin_text]
  CALL 1                            # debug_print
  CALL 11                           # create_channel
  mov r12, rdx
  mov [0x40000000], r12
  mov [0x40000008], rbx
  lea rdi, [rip+server]
  mov esi, 0x40003ff0
  mov edx, 1
  CALL 3                            # create_thread
  mov r13d, 5
1:
  mov rdi, r12
  mov rsi, r13
  mov edx, 64
  mov r10d, 0x40001000
  CALL 8                            # send_message
  dec r13
  jnz 1b
  mov edi, 0x50000000
  mov esi, 0x50004000
  mov edx, 1
  CALL 18                           # create_region
  mov byte ptr [0x50000000], 1
  mov byte ptr [0x50003000], 1
  mov edi, 25000000
  CALL 5                            # sleep
  mov r9d, 1234
  syscall                           # no capability
  lea rdi, [rip+done_text]
  CALL 1
  mov ecx, 100000
2:
  dec ecx
  jnz 2b
  CALL 16                           # kill_current_task
server:
  mov rbx, [0x40000008]
3:
  mov rdi, [0x40000000]
  mov esi, 0x40000010
  mov edx, 0x40000018
  mov r10d, 0x40002000
  CALL 9                            # recv_message
  mov rdi, rdx
  mov rsi, [0x40000010]
  inc rsi
  CALL 10                           # reply_message
  jmp 3b
begin_text: .asciz "golden: begin\\n"
done_text: .asciz "golden: done\\n"
"""
X86_64 = bytes.fromhex(
    "4889e3488d3d060100004c8b8bb80100000f054c8b8b180100000f054989d44c8924250000004048891c2508"
    "000040488d3d98000000bef03f0040ba010000004c8b8b980100000f0541bd050000004c89e74c89eeba4000"
    "000041ba001000404c8b8b480100000f0549ffcd75e1bf00000050be00400050ba010000004c8b8ba8000000"
    "0f05c604250000005001c604250030005001bf40787d014c8b8b780100000f0541b9d20400000f05488d3d6c"
    "0000004c8b8bb80100000f05b9a0860100ffc975fc4c8b8bc80000000f05488b1c2508000040488b3c250000"
    "0040be10000040ba1800004041ba002000404c8b8b380100000f054889d7488b34251000004048ffc64c8b8b"
    "280100000f05ebc6676f6c64656e3a20626567696e0a00676f6c64656e3a20646f6e650a00"
)
CODE = {"x86_64": X86_64, "riscv64": RISCV64}
SEED, CPUS, END_PS = 1, 2, 200 * 10**9


def golden_events(arch: str = DEFAULT) -> EventLog:
    """Run the scenario; returns its events."""
    kernel = boot_image(code_image(CODE[arch]), "derived", CPUS, SEED, arch=arch)
    try:
        log = EventLog()
        kernel.record(log)
        kernel.end_ps = END_PS
        while kernel.advance(1000):
            pass
        log.flush()
        return log
    finally:
        kernel.close()
        kernel.machine.close()


if __name__ == "__main__":
    events = golden_events()
    print(*(event.line() for event in events.events), events.hash(), sep="\n")
