"""anos-cc: what it makes, what it warns of, and what it says when it cannot."""

from __future__ import annotations

import importlib.util
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from anos_sim.stage3.abi import Sysno
from anos_sim.toolchain.cc.command import main
from anos_sim.toolchain.cc.meaning import WITHOUT_MEANING
from anos_sim.toolchain.cli import main as anos_sim
from anos_sim.toolchain.guest.zig import TARGETS, Zig
from anos_sim.toolchain.options import elf_folder
from support.architectures import DEFAULT, only_if_built
from support.bare_engine import BareEngine

if importlib.util.find_spec("ziglang") is None:
    pytest.skip("anos-cc needs ziglang", allow_module_level=True)

HELLO = '#include <stdio.h>\nint main(void)\n{\n    puts("hello, world");\n}\n'
Write = Callable[..., None]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files, `a_c="..."` is a.c, in the folder that becomes the current one."""
    monkeypatch.chdir(tmp_path)

    def write_files(**texts: str) -> None:
        for name, text in texts.items():
            Path(".".join(name.rsplit("_", 1))).write_text(text)

    return write_files


def elf(path: str) -> ELFFile:
    return ELFFile(io.BytesIO(Path(path).read_bytes()))


def functions(path: str) -> set[str]:
    """The names in an ELF file's symbol table."""
    tables = (each for each in elf(path).iter_sections() if isinstance(each, SymbolTableSection))
    return {symbol.name for table in tables for symbol in table.iter_symbols()}


def sections(path: str) -> set[str]:
    return {section.name for section in elf(path).iter_sections()}


def said(name: str, arguments: str, until: str, capfd: Capture) -> list[str]:
    """What a program says in our system, up to a line with `until`."""
    capfd.readouterr()
    assert anos_sim(["run", "--add", f"{name}:{arguments}", "--until", until]) == 0
    process = Path(name).stem
    lines = capfd.readouterr().out.splitlines()
    return [line.split("]", 1)[1].strip() for line in lines if f" {process}[" in line]


def test_the_output_has_the_first_file_s_name(write: Write, capfd: Capture) -> None:
    write(hello_c=HELLO, more_c="int more;")
    assert main(["hello.c", "more.c"]) == 0
    assert capfd.readouterr() == ("", "")
    assert elf("hello.elf")["e_type"] == "ET_EXEC"
    assert said("hello.elf", "", "hello,", capfd)[-1] == "hello, world"


def test_sources_objects_and_archives_are_one_program(write: Write, capfd: Capture) -> None:
    write(
        a_c='#include <stdio.h>\n#include "n.h"\nint b(void), c(void);\n'
        'int main(void) { printf("%d %d %d\\n", b(), c(), N); }',
        b_c="int b(void) { return VALUE; }",
        c_c="int c(void) { return 3; }",
    )
    Path("include").mkdir()
    Path("include", "n.h").write_text("#define N 4\n")
    assert main(["-c", "-O2", "c.c"]) == 0
    assert main(["-c", "b.c", "-o", "other.o", "-DVALUE=2"]) == 0
    zig = Zig(Path(), Path()).folder / "zig"
    subprocess.run([zig, "ar", "rcs", "libc3.a", "c.o"], check=True)
    command = ["a.c", "-I", "include", "other.o", "-L.", "-lc3", "-lm", "-pthread", "-o", "abc"]
    assert main(command) == 0
    assert said("abc", "", "2 3 4", capfd)[-1] == "2 3 4"


@only_if_built("riscv64")
@pytest.mark.parametrize("optimize", ["-O0", "-O2"])
def test_a_program_for_another_processor(optimize: str, write: Write) -> None:
    write(
        a_c="#include <stdio.h>\n_Thread_local int t = 3;\nint b(void);\n"
        'int main(int c, char **v) { printf("%s %d %.3Lf\\n", v[c - 1], b() + t, 1.0L / 8); }',
        b_S="#include <anos/abi.h>\n.globl b\nb: li a0, ANOS_SYS_DEBUG_PRINT + 1\n ret\n",
    )
    assert main(["-c", "b.S", "--target", "riscv64"]) == 0
    assert main(["--target=riscv64", optimize, "-g", "a.c", "b.o"]) == 0
    assert elf("a.elf")["e_machine"] == "EM_RISCV"
    calls = [Sysno.DEBUG_PRINT, Sysno.KILL_CURRENT_TASK, Sysno.CREATE_REGION]
    assert BareEngine(Path("a.elf"), calls, ["a.elf", "hello"]).run() == "hello 5 0.125\n"


@only_if_built("riscv64")
@pytest.mark.arch("that processor is riscv64")
def test_it_runs_where_that_processor_is(write: Write, capfd: Capture) -> None:
    write(hello_c=HELLO)
    assert main(["--target", "riscv64", "hello.c"]) == 0
    command = ["run", "--add", "hello.elf", "--until", "hello,"]
    assert anos_sim([*command, "--arch", "riscv64"]) == 0
    assert "hello, world" in capfd.readouterr().out
    assert anos_sim(command) == 2
    assert "hello.elf: it is for riscv64" in capfd.readouterr().err


def test_our_headers_and_the_compiler_s_are_there(write: Write) -> None:
    names = [
        path.stem for path in (elf_folder("x86_64").parent / "lib" / "include" / "anos").iterdir()
    ]
    assert {"abi", "thread", "file", "device", "spawn", "msi"} <= set(names)
    includes = [f"#include <anos/{name}.h>\n" for name in sorted(names)]
    others = ["stdatomic", "stdarg", "pthread", "math"]
    others += ["immintrin"] if DEFAULT == "x86_64" else []
    write(all_c="".join(includes + [f"#include <{each}.h>\n" for each in others]))
    assert main(["-c", "-Wall", "-Wextra", "-Werror", "all.c"]) == 0


def test_the_clients_of_our_protocols_are_linked(write: Write) -> None:
    write(
        a_c="#include <anos/file_client.h>\nstatic char page[4096];\n"
        'int main(void) { return file_system("disk0:", page) != 0; }'
    )
    assert main(["a.c"]) == 0
    assert "file_system" in functions("a.elf")


def test_thread_local_variables_are_each_thread_s_own(write: Write, capfd: Capture) -> None:
    write(
        tls_c="""#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
_Thread_local int counter = 5;
static _Thread_local char text[3][100];
static _Alignas(64) _Thread_local int aligned;
static void *run(void *argument)
{
    text[2][99] = (char)(intptr_t)argument;
    counter += (int)(intptr_t)argument;
    aligned = (uintptr_t)&aligned % 64 == 0;
    printf("thread %d %d %d\\n", counter, text[2][99], aligned);
    return NULL;
}
int main(void)
{
    for (intptr_t i = 1; i < 40; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, run, (void *)i);
        pthread_join(thread, NULL);
    }
    printf("main %d %d %d\\n", counter, text[2][99], aligned);
}"""
    )
    assert main(["tls.c"]) == 0
    lines = said("tls.elf", "", "main 5", capfd)
    assert lines[-40:] == [f"thread {5 + i} {i} 1" for i in range(1, 40)] + ["main 5 0 0"]


def test_warnings_are_clang_s_and_stop_nothing(write: Write, capfd: Capture) -> None:
    write(a_c='#include <stdio.h>\nint main(void) { int unused; printf("%s", 3); }')
    assert main(["a.c", "-Wall"]) == 0
    error = capfd.readouterr().err
    assert "a.c:2:22: warning: unused variable 'unused' [-Wunused-variable]" in error
    assert "[-Wformat]" in error
    assert main(["a.c", "-Wall"]) == 0
    assert capfd.readouterr().err == error, "a second time as well"
    assert main(["a.c", "-w", "-o", "silent.elf"]) == 0
    assert capfd.readouterr().err == ""


def test_errors_end_with_1_and_write_nothing(write: Write, capfd: Capture) -> None:
    write(a_c="int main(void) { return x; }", b_c="int b(void) { return y; }")
    assert main(["a.c", "b.c"]) == 1
    error = capfd.readouterr().err
    assert "use of undeclared identifier 'x'" in error
    assert "use of undeclared identifier 'y'" in error, "all files are compiled"
    assert not Path("a.elf").exists()
    assert main(["-Werror", "-Wall", "-c", "a.c", "-Dx=1;int z"]) == 1


@pytest.mark.parametrize(("stage", "result", "words"), [
    ("-c", "a.o", b"\x7fELF"), ("-S", "a.s", b"main:"), ("-E", "out", b"int main"),
])  # fmt: skip
def test_it_stops_where_it_is_told(write: Write, stage: str, result: str, words: bytes) -> None:
    write(a_c="int main(void) { return 0; }")
    assert main([stage, "a.c", *(["-o", "out"] if stage == "-E" else [])]) == 0
    assert words in Path(result).read_bytes()


def test_debug_information_and_names_are_kept_as_asked(write: Write) -> None:
    write(hello_c=HELLO)
    assert main(["hello.c", "-o", "plain"]) == 0
    assert main(["hello.c", "-g", "-o", "debug"]) == 0
    assert main(["hello.c", "-s", "-o", "stripped"]) == 0
    assert ".debug_line" in sections("debug")
    assert ".debug_line" not in sections("plain")
    assert "main" in functions("plain")
    assert ".symtab" not in sections("stripped")


def test_the_same_source_makes_the_same_program_anywhere(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two/below"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        write(hello_c=HELLO)
        assert main(["-g", "hello.c"]) == 0
    first, second = (tmp_path / name / "hello.elf" for name in ("one", "two/below"))
    assert first.read_bytes() == second.read_bytes()


def test_lines_of_a_program_are_in_backtraces(write: Write, capfd: Capture) -> None:
    write(stop_c="#include <unistd.h>\nint main(void)\n{\n    sleep(1000);\n    return 0;\n}\n")
    assert main(["-g", "stop.c"]) == 0
    assert anos_sim(["bt", "--add", "stop.elf", "--at", "10ms", "--process", "stop"]) == 0
    assert " main+" in (out := capfd.readouterr().out)
    assert "(stop.c:4)" in out


# ---- functions without meaning ----

FORK = "#include <unistd.h>\nint main(void)\n{\n    return fork() + fork();\n}\n"


def test_a_call_without_meaning_is_an_error_with_its_place(write: Write, capfd: Capture) -> None:
    write(a_c=FORK)
    assert main(["a.c"]) == 1
    lines = capfd.readouterr().err.splitlines()
    reason = WITHOUT_MEANING["fork"]
    assert lines == [f"a.c:4: error: fork() has no meaning here: {reason}"]
    assert not Path("a.elf").exists()


def test_an_object_without_lines_is_named_with_the_function(write: Write, capfd: Capture) -> None:
    write(a_c=FORK)
    assert main(["-c", "a.c"]) == 0
    assert main(["a.o"]) == 1
    assert "a.o, in main(): error: fork() has no meaning" in capfd.readouterr().err


def test_it_can_be_let_through(write: Write, capfd: Capture) -> None:
    write(a_c=FORK)
    assert main(["a.c", "--let-fail"]) == 0
    assert "a.c:4: warning: fork() has no meaning" in capfd.readouterr().err
    assert Path("a.elf").exists()


def test_a_function_of_one_s_own_may_have_such_a_name(write: Write, capfd: Capture) -> None:
    write(
        a_c="int connect(int a) { return a + 1; }\n"
        "int pipe(int);\nint main(void) { return connect(1) + pipe(2); }",
        b_c="int pipe(int a) { return a; }",
    )
    assert main(["a.c", "b.c"]) == 0
    assert capfd.readouterr().err == ""


def test_what_is_left_out_of_the_program_may_call_anything(write: Write, capfd: Capture) -> None:
    write(a_c="#include <unistd.h>\nvoid dead(void) { fork(); }\nint main(void) { return 0; }")
    assert main(["a.c"]) == 0
    assert capfd.readouterr().err == ""


def test_all_that_has_no_meaning_is_told_whether_the_library_has_it_or_not(
    write: Write, capfd: Capture
) -> None:
    calls = "".join(f"void {name}(void);\n" for name in WITHOUT_MEANING)
    body = "".join(f"    {name}();\n" for name in WITHOUT_MEANING)
    write(a_c=f"{calls}int main(void)\n{{\n{body}}}\n")
    assert main(["-w", "a.c"]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == len(WITHOUT_MEANING)
    assert all(" has no meaning here: " in line for line in lines)


# ---- one sentence ----


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "no input: name a C file"),
        ("-O2", "no input"),
        ("no.c", "cannot read no.c: No such file or directory"),
        ("folder", "folder is a folder"),
        ("a.cpp", "a.cpp is no C"),
        ("text.txt", "text.txt is neither a source (.c, .i, .s, .S) nor an object or archive"),
        ("a.c -o", "-o needs a value behind it"),
        ("a.c -I", "-I needs a value behind it"),
        ("a.c -o no/a.elf", "cannot write no/a.elf: there is no folder no"),
        ("a.c -o folder", "cannot write folder: it is a folder"),
        ("-c a.c b.c -o c.o", "-c of 2 sources cannot go to one -o file"),
        ("a.c --target=arm", "--target arm: programs can be made for x86_64, riscv64 only"),
        ("a.c -shared", "-shared: there are no shared libraries here"),
        ("a.c -lnothing", "-lnothing: there is no libnothing.a in any folder; name one with -L"),
        ("a.c -L folder -lnothing", "there is no libnothing.a in folder"),
        ("b.c", "there is no main()"),
        ("b.c tls.o", "thread-local variables that were not compiled by anos-cc"),
        ("other.o", f"other.o is not for {DEFAULT}; compile it with anos-cc"),
        ("program.o", "program.o is a program; link objects (.o) and archives (.a)"),
    ],
)
def test_a_wrong_command_is_one_sentence(
    command: str, words: str, write: Write, capfd: Capture
) -> None:
    write(a_c="int main(void) { return 0; }", a_cpp="", b_c="int b;", text_txt="text" * 9)
    Path("folder").mkdir()
    header = bytearray(b"\x7fELF\x02\x01\x01" + bytes(57))
    header[16], header[18] = 1, 183
    Path("other.o").write_bytes(header)
    header[16], header[18] = 2, TARGETS[DEFAULT].machine
    Path("program.o").write_bytes(header)
    if "tls.o" in command:
        write(t_c="_Thread_local int t = 1;\nint main(void) { return t; }")
        assert main(["-c", "-fno-emulated-tls", "t.c", "-o", "tls.o"]) == 0
    capfd.readouterr()
    assert main(command.split()) == 2
    error = capfd.readouterr().err
    assert error.startswith("anos-cc: ")
    assert words in error
    assert error.count("\n") == 1


def test_an_undefined_function_is_named_with_its_place(write: Write, capfd: Capture) -> None:
    write(a_c="int other(void);\nint main(void) { return other(); }")
    assert main(["a.c"]) == 1
    error = capfd.readouterr().err
    assert "undefined symbol: other" in error
    assert "a.c:2" in error
    assert "/anos-cc-" not in error, "our temporary files are nobody's business"


def test_a_file_that_cannot_be_written_is_told_before_the_work(
    write: Write, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(a_c="nonsense", a_elf="")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert main(["a.c"]) == 2
    assert capfd.readouterr().err == "anos-cc: cannot write a.elf: Permission denied\n"


def test_without_the_compiler_it_says_how_to_get_it(
    write: Write, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(a_c="int main(void) { return 0; }")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["a.c"]) == 2
    expected = "anos-cc: the C compiler is missing; pip install 'anos-sim[cc]' brings it\n"
    assert capfd.readouterr().err == expected


def test_help_and_version_go_to_stdout(capfd: Capture) -> None:
    assert main(["--help"]) == 0
    assert capfd.readouterr().out.startswith("usage: anos-cc")
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("anos-cc of anos-sim ")
