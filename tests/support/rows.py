"""What the ABI says, one row a rule, and the check that shows it.

A row is `place | rule | check`. The check is how its name goes on behind the
place, in a program of tests/guest; or, for what a program cannot see, the name
of a test in Python.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Row:
    """One rule of the ABI. `check` is the beginning of a name."""

    place: str
    rule: str
    check: str

    def name(self) -> str:
        """How the name of its check begins."""
        return self.check if self.check.startswith("test_") else f"{self.place} {self.check}"


TABLE = """
1.1 | a call keeps the registers that C counts on | registers after a call
1.2 | int 0x69 makes any call | registers after int 0x69
1.2 | its value is lost, except under derived | int 0x69 loses the value
1.4 | no value but with OK | by syscall it always has
1.5 | an unknown cookie is INCAPABLE | a guessed one, too
1.5 | cookie 0 is INCAPABLE | cookie 0 is
1.5 | only a call's cookie makes a call | a channel is no call
1.5 | guessing takes longer and longer | guessing gets expensive
1.6 | cookies differ | the 26 cookies differ
1.7 | 26 calls | there is no call 0

1.8/1 | a text goes to the log | print
1.8/1 | of any length | texts may cross pages
1.8/1 | a kernel address is OK | kernel pointer is OK
1.8/1 | a bad user address is OK | unmapped pointer is OK
1.8/2 | a character does not go to the log | characters are not in the log
1.8/2 | 0 is nothing | character 0
1.8/2 | always OK | newline
1.8/2 | it is on the host's console | test_characters_reach_the_host
1.8/3 | a thread starts at its entry | it runs
1.8/3 | on its stack | on its stack
1.8/3 | any of the four classes | every class
1.8/3 | class 4 is BADARGS | class 4 is
1.8/3 | the class is one byte | class 255 is
1.8/3 | the value is its id | ids grow
1.8/3 | sixty-four in one process | sixty-four threads
1.8/4 | total and free bytes | free is less than total
1.8/4 | across pages | across two pages
1.8/4 | a bad pointer is refused | read-only memory is
1.8/5 | nanoseconds, cut to ticks | nanoseconds are cut
1.8/5 | up to the first tick that is due | it ends at a tick
1.8/5 | never early | nobody wakes early
1.8/5 | seconds | five seconds
1.8/6 | a process runs | it runs
1.8/6 | pids grow by one | pids grow by one
1.8/7 | size 0 is BADARGS | size 0 is
1.8/7 | the base is rounded up | an unaligned base moves up
1.8/7 | so is the size | an unaligned size too
1.8/7 | a kernel base is BADARGS | kernel base is
1.8/7 | the last user page is BADARGS | the last user page is
1.8/7 | a size that wraps is BADARGS | a size that wraps is
1.8/7 | a base that wraps | a base that wraps is page 0
1.8/7 | zero, and copied when it is written | it keeps what is written
1.8/7 | read-only without WRITE | the kernel may not write there either
1.8/7 | what was mapped is replaced | is zero again
1.8/7 | without memory for tables: FAILURE | more than there are tables for
1.8/7 | which changes nothing | a failed map changes nothing
1.8/8 | a buffer is a user address | kernel buffer is
1.8/8 | and a whole page | unaligned buffer is
1.8/8 | that is tested first | the buffer is looked at before
1.8/8 | then the size | more than a page is
1.8/8 | then the channel | send to unknown channel is
1.8/8 | it waits for the reply | send gets the reply
1.8/8 | reply 0 is FAILURE | reply 0 is
1.8/9 | tag, size and buffer are user addresses | kernel tag is
1.8/9 | the buffer is a whole page | unaligned buffer is
1.8/9 | all may be missing | receive without pointers
1.8/9 | an unknown channel is FAILURE | unknown channel is
1.8/9 | tag and size are written | tag and size
1.8/9 | addresses come before the channel | a bad buffer comes before
1.8/10 | an unknown message is FAILURE | unknown message is
1.8/10 | the value is the message | reply gives the message
1.8/10 | the sender wakes | the sender goes on
1.8/10 | whoever has the cookie may | reply to an unheld message
1.8/11 | a channel, with a cookie of its own | cookies differ
1.8/12 | always OK | an unknown channel is OK
1.8/12 | whoever has the cookie may | destroy an unheld channel
1.8/13 | a bad address is BADARGS | kernel pointer is
1.8/13 | an unknown channel is BAD_NUMBER | an unknown channel is
1.8/13 | so is a name that is taken | a name that is taken is
1.8/13 | so is the empty one | an empty name is
1.8/13 | a channel may have several | a second name
1.8/14 | a bad address is BADARGS | kernel pointer is
1.8/14 | an unknown name is BAD_NAME | remove again is
1.8/14 | a name is free afterwards | remove
1.8/15 | a bad address is BAD_NAME | kernel pointer is
1.8/15 | an unknown name is OK and 0 | an unknown name is
1.8/15 | a channel by its name | find
1.8/16 | the thread ends, not its process | a thread ends alone
1.8/17 | the base is rounded up | rounds its base up
1.8/17 | both ends are user addresses | kernel base is
1.8/17 | an end at the end is BADARGS | an end at the end is
1.8/17 | mapped or not | unmap nothing
1.8/17 | size 0 is OK | size 0
1.8/17 | frames are free afterwards | its frames are free
1.8/18 | whole pages | unaligned start is
1.8/18 | not empty, not backwards | backwards is
1.8/18 | below 2^63 | start at 2^63 is
1.8/18 | up to 2^63 | end at 2^63
1.8/18 | adjacent ones of equal flags join | adjacent
1.8/18 | others do not | other flags do not join
1.8/18 | overlapping ones are OK | the same again
1.8/18 | AUTOMAP is bit 0 | without AUTOMAP
1.8/19 | whole pages, below 2^63 | unaligned is
1.8/19 | the exact start | another start destroys nothing
1.8/19 | always OK | destroy again
1.8/19 | pages stay | pages stay
1.8/20 | refusals do not use it up | refusals do not use it up
1.8/21 | whole pages | unaligned size is
1.8/21 | of the user half | an end outside is
1.8/21 | up to its very end | the very last page
1.8/21 | flags 0 is read-only | flags 0 is read-only
1.8/21 | what was mapped is replaced | and again
1.8/21 | RAM and devices | device registers
1.8/21 | whose RAM: as the policy says | somebody else's memory
1.8/22 | whole pages, at least one | size 0 is
1.8/22 | contiguous | they are whole pages
1.8/22 | without memory: FAILURE | more than there is is
1.8/23 | refusals take no vector | refusals take no vector
1.8/24 | a vector that cannot be had is FAILURE | a system call's vector is
1.8/25 | no room is BADARGS | size 0 is
1.8/25 | a bad buffer is BADARGS | kernel buffer is
1.8/25 | it waits while there is nothing | a reader waits
1.8/25 | bytes are consumed, in order | bytes in order
1.8/25 | flags do not matter | read the rest
1.8/26 | bad pointers change nothing | a good pointer

3.3 | a block that is no process is BADARGS | unmapped block is
3.3 | at most 16 regions | 17 regions is
3.3 | at most 16384 values | too many values is
3.3 | room for them | no room for the values is
3.3 | regions are whole pages | an unaligned region is
3.3 | present pages are shared | a child sees its parent's memory
3.3 | a child's writes are its own | and its parent does not
3.3 | a parent's writes, as the policy says | its parent's later writes show
3.3 | values are where they belong | all values are in their places
3.3 | sp is below them | sp is the top

4.1 | a name is its first 255 bytes | only 255 bytes count
4.1 | names are hashes | test_hashes_are_those_of_anos
4.2 | messages wait in order | messages queue in order
4.2 | a sender always waits | senders wait where nobody receives
4.2 | who receives first is served first | who waits first
4.2 | none is lost and none comes twice | no message is lost
4.3 | the page is shared, not copied | the receiver wrote into
4.3 | the next message replaces it | five hundred messages
4.3 | after the reply, as the policy says | after the reply it has its own
4.3 | an untouched page becomes the sender's | becomes the sender's own
4.3 | between threads of a process, too | the receiver wrote into
4.3 | a ping has no page | a ping without a buffer
4.3 | size 0 carries no page | size 0 carries no page
4.3 | a page goes on to the next server | through two servers
4.4 | once | once
4.4 | by another thread | another thread may reply
4.4 | by another process, as the policy says | another process may reply
4.4 | in any order | each reply reaches its sender
4.4 | a higher class runs at once | a reply to a higher class
4.4 | an equal one does not | a reply to an equal class
4.5 | destroy wakes senders | sixty-four queued senders
4.5 | destroy wakes receivers | all eight wake
4.5 | a message under way can be answered | it can still be answered
4.5 | a name does not lead to the dead | a dead channel's names
4.5 | and is free again | they can be taken again
4.5 | a receiver that dies | the receiver faults
4.5 | a sender that dies | a message whose sender has died
4.5 | a process that dies: its channels | a channel dies
4.6 | send: a buffer out of reach | send, kernel buffer
4.6 | send: size | send, 4097 bytes
4.6 | send: channel | send, unknown cookie
4.6 | receive: a buffer out of reach | receive, kernel buffer
4.6 | receive: an unaligned buffer | receive, unaligned buffer
4.6 | receive: channel | receive, unknown cookie
4.6 | reply: message | reply, unknown cookie
4.6 | destroyed while sending | destroyed while sending is
4.6 | destroyed while receiving | destroyed while receiving is
4.6 | reply 0, for the server | a reply of 0 is OK
4.6 | reply 0, for the client | and FAILURE for the client

5.1 | EXEC counts under derived | map_virtual without EXEC
5.1 | for map_physical, too | map_physical without EXEC
5.1 | NOCACHE is taken | NOCACHE makes
5.2 | copy-on-write makes a page one's own | a page that was read can be written
5.2 | the last owner writes in place | test_the_last_owner_writes_in_place
5.2 | AUTOMAP: written pages appear | a page that is written appears
5.2 | AUTOMAP: read pages are zero | a page that is read is zero
5.2 | anything else ends the process | test_each_death_is_reported_with_its_cause
5.3 | runs do not overlap | sixteen runs do not overlap
5.4 | what a process has comes back | what a process had
5.4 | what a thread has comes back | threads leave nothing behind
5.5 | a heap grows to 64 MiB | a region grows by a mebibyte
5.5 | overlapping growth is kept | the extension is there
5.6 | reservations are all or nothing | test_tables_are_reserved_all_or_none

6.1 | four classes | higher classes go first
6.2 | first in, first out within a class | test_a_run_queue_is_a_stable_sort
6.3 | a slice of ten ticks | an equal class has the CPU
6.3 | a higher class at the next tick | a higher class gets the CPU
6.3 | a lower one at the end of a slice | REALTIME that never waits
6.4 | ticks of 10 ms | test_a_higher_class_goes_at_the_next_tick
6.5 | new threads go where there is least to do | test_idle_cpus_take_work_from_busy_ones
6.6 | last in, first out | equal deadlines wake
6.6 | by deadline | others wake in the order
6.7 | the last thread ends the process | a process that waits for all kinds
6.7 | the first one need not be it | threads go on
6.8 | no other way to be scheduled | test_equal_threads_are_within_one_slice
6.9 | what one CPU maps, all see | test_what_one_cpu_maps_all_cpus_see_at_once
6.10 | no wake-up is lost | test_no_wake_up_is_lost

7.1 | out-pointers | kernel address pointer is
7.1 | the first is 0x40 | the first vector
7.1 | address and data | its address and data
7.1 | none is left | none is left
7.1 | 0x69 is not among them | 159 vectors
7.1 | free when the owner ends | its vector can be had again
7.1 | around the CPUs | test_vectors_are_spread_over_the_cpus
7.2 | the event's address | kernel pointer is
7.2 | nobody's vector | a vector that nobody has
7.2 | somebody else's | another's vector is
7.2 | four events are kept | four events wait
7.2 | more are dropped | the others were dropped
7.2 | the event is 0 | the event is 0
7.2 | any thread of the owner | a second thread may wait
7.2 | a slow consumer | a slow consumer's waits fail
7.3 | once | a second time is
7.3 | a root pointer of revision 2 | signature, revision
7.3 | tables can be mapped | the XSDT can be mapped
7.4 | the framebuffer's shape | its shape
7.4 | it can be asked again | again
7.4 | reserved fields are zero | reserved is zero
7.4 | pixels | pixels stay
7.5 | 64 KiB | the ring holds
7.5 | the oldest go first | the oldest bytes
7.5 | readers share | readers that wait share

14/2 | waking does not switch | making a thread ready
14/4 | the kernel's writes make pages appear | the kernel's writes
14/5 | so does sending | an AUTOMAP page
"""

ROWS = [
    Row(*(cell.strip() for cell in line.split("|"))) for line in TABLE.splitlines() if "|" in line
]
