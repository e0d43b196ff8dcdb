"""Functions of the C library that have no meaning here, and what to do in place of them.

They are in the archive, because parts of it refer to them; a call of one would fail with
ENOSYS. So the linker's user is told, with the place of the call.
"""

from __future__ import annotations

SPAWN = "programs are started by SYSTEM: spawn() of <anos/spawn.h>"
WAIT = "who started a program watches it by its capability: anos_watch_process()"
SIGNALS = "there are no signals"
END = "a process ends by exit(), or by who holds a capability to it"
NETWORK = "there is no network; programs talk over channels: anos_create_channel()"
PIPES = "there are no pipes; programs talk over channels: anos_create_channel()"
WAITING = "there is nothing to poll; a thread waits for each channel or interrupt"
SHARED = "memory is shared by capabilities: anos_create_memory()"
NAMED = "threads of one program use a mutex, programs a notification: anos_create_notification()"
LOADING = "a program is one file; link it with what it needs"
USERS = "there are no users and groups; rights are capabilities"
DEVICES = "devices are reached by capabilities, by drivers"
LINKS = "a file has one name"
TIMERS = "there are no signals; a thread sleeps with nanosleep()"
CANCEL = "a thread ends by itself; tell it by a flag or a message"

_BY_REASON = {
    SPAWN: "fork vfork _Fork execv execve execvp execvpe execl execle execlp fexecve posix_spawn "
    "posix_spawnp system popen pclose daemon clone",
    WAIT: "wait wait3 wait4 waitid waitpid",
    SIGNALS: "signal sigaction sigaltstack siginterrupt sigpause sigpending sigsuspend "
    "sigtimedwait sigwait sigwaitinfo sigqueue raise signalfd",
    END: "kill killpg",
    TIMERS: "alarm ualarm pause getitimer setitimer timer_create timerfd_create",
    NETWORK: "socket socketpair bind listen accept accept4 connect send sendto sendmsg sendmmsg "
    "recv recvfrom recvmsg recvmmsg shutdown getsockname getpeername getsockopt setsockopt "
    "sockatmark getaddrinfo getnameinfo gethostbyname gethostbyaddr res_query",
    PIPES: "pipe pipe2 mkfifo mkfifoat eventfd splice tee vmsplice",
    WAITING: "select pselect poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait "
    "inotify_init inotify_init1 fanotify_init",
    SHARED: "shm_open shm_unlink shmget shmat shmdt shmctl memfd_create",
    NAMED: "sem_open sem_unlink semget semop semctl msgget msgsnd msgrcv msgctl mq_open mq_send "
    "mq_receive",
    LOADING: "dlopen dlsym dlclose dladdr dlinfo",
    USERS: "setuid seteuid setgid setegid setreuid setregid setgroups initgroups chown fchown "
    "lchown fchownat chroot setsid setpgid",
    DEVICES: "mknod mknodat mount umount umount2 swapon swapoff ioperm iopl reboot "
    "posix_openpt ptrace init_module delete_module",
    LINKS: "link linkat symlink symlinkat",
    CANCEL: "pthread_cancel pthread_kill",
}

WITHOUT_MEANING: dict[str, str] = {
    name: reason for reason, names in _BY_REASON.items() for name in names.split()
}
"""By function: why it can do nothing here, and what can."""
