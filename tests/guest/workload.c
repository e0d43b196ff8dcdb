/*
 * Operations on files of disk0:, for experiments with faults (docs/chaos.md).
 *
 *   workload COUNT SEED
 *
 * Creates, writes, reads, renames, removes and syncs; the seed decides which, and what
 * came of the ones before does not. A line is said before and after each:
 *
 *   begin 7 write F3 512 1000 41      from offset 512 on 1000 bytes of stream 41
 *   again 7 -4                        it failed, and is tried once more
 *   end 7 ok                          or "end 7 error -4": it was given up
 *   end 7 lost                        the file was lost when the filesystem was restarted
 *   wrong 8 F3 700                    the byte at 700 that was read is not what was written
 *
 * So whoever reads the lines knows what each file must hold, and since when. A request that
 * fails is tried again for about a second: a driver that is started anew has that long. When the
 * filesystem says that it was restarted, or cannot be asked (-100), what was changed since the
 * last sync may be lost: such files are not checked any more, and one that is not there is left
 * alone. A sync that fails loses nothing: the next one makes it good.
 */
#include "check.h"
#include "file_client.h"

#define FILES 8
#define BLOCK 512
#define BLOCKS 40
#define TRIES 12
#define PAUSE (100 * MS)
#define GIVEN_UP_MAX 6 /* after so many the rest is not tried */
#define READ_LIMIT (2 * BLOCKS * BLOCK / 4096 + 4)

struct file {
    bool exists;
    bool sure;    /* its content is known: no write of it was given up, no sync has lost it */
    bool changed; /* since the last sync */
    uint32_t number;
    uint32_t bytes;
    uint8_t streams[BLOCKS]; /* of which stream each block is */
};

static char page[PAGE] __attribute__((aligned(PAGE)));
static struct file files[FILES];
static uint64_t disk;
static uint32_t state, number, next_name = 1, given_up;

static uint32_t draw(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

/* What is at an offset of a file whose block there is of this stream. */
static uint8_t byte_of(uint8_t stream, uint32_t at)
{
    return (uint8_t)(stream * 31 + at * 7 + at / 256 * 3);
}

static const char *path_of(uint32_t name)
{
    static char paths[2][24];
    static unsigned turn;
    char *const path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "disk0:/F%u", name);
    return path;
}

/* One kind of request, with what it needs. */
struct request {
    enum { CREATE, WRITE, READ, RENAME, REMOVE, SYNC } kind;
    struct file *file;
    uint32_t offset, bytes, stream, name;
};

static int64_t write_some(const struct request *request)
{
    static uint8_t data[2048];
    uint32_t at = request->offset;
    const uint32_t end = request->offset + request->bytes;
    while (at < end) {
        const uint32_t count = end - at < sizeof data ? end - at : sizeof data;
        for (uint32_t i = 0; i < count; i++) {
            data[i] = byte_of((uint8_t)request->stream, at + i);
        }
        const char *const path = path_of(request->file->number);
        const int64_t written = file_write(disk, path, at, data, count, page);
        if (written <= 0 || written > count) {
            return written < 0 ? written : FILE_IO_ERROR;
        }
        at += (uint32_t)written;
    }
    return 0;
}

/* Read a whole file; what is wrong is said, and is no error. */
static int64_t read_all(const struct file *file)
{
    uint32_t at = 0;
    for (unsigned turn = 0; turn < READ_LIMIT; turn++) {
        const int64_t count = file_read(disk, path_of(file->number), at, page);
        if (count < 0 || count > ANOS_PAGE_BYTES) {
            return count < 0 ? count : FILE_IO_ERROR;
        }
        for (int64_t i = 0; file->sure && i < count; i++, at++) {
            if (at >= file->bytes || (uint8_t)page[i] != byte_of(file->streams[at / BLOCK], at)) {
                printf("wrong %u F%u %u\n", number, file->number, at);
                return 0;
            }
        }
        if (count == 0) {
            if (file->sure && at != file->bytes) {
                printf("wrong %u F%u %u\n", number, file->number, at);
            }
            return 0;
        }
    }
    return file->sure ? FILE_IO_ERROR : 0;
}

static int64_t try_once(const struct request *request, bool again)
{
    const char *const path = request->file != NULL ? path_of(request->file->number) : "disk0:";
    int64_t error = 0;
    switch (request->kind) {
    case CREATE:
        error = file_create(disk, path, page);
        return again && error == FILE_EXISTS ? 0 : error;
    case WRITE:
        return write_some(request);
    case READ:
        return read_all(request->file);
    case RENAME:
        error = file_rename(disk, path, path_of(request->name), page);
        if (again && error == FILE_NOT_FOUND) {
            return file_stat(disk, path_of(request->name), page);
        }
        return error;
    case REMOVE:
        error = file_remove(disk, path, page);
        return again && error == FILE_NOT_FOUND ? 0 : error;
    case SYNC:
        return file_sync(disk, path, page);
    }
    return error;
}

/* Errors that another try may not have: the device's, and no answer at all. */
static bool is_passing(int64_t error)
{
    return error == FILE_IO_ERROR || error == FILE_STALE || error == FILE_NO_ANSWER ||
           error < FILE_NO_ANSWER;
}

/* The filesystem was restarted, or its channel is gone: who is found next may be another one. */
static bool is_another(int64_t error)
{
    return error == FILE_STALE || error <= FILE_NO_ANSWER;
}

/* What was changed is on the medium; or it may be lost. */
static void synced(bool is_lost)
{
    for (unsigned i = 0; i < FILES; i++) {
        files[i].sure &= !(is_lost && files[i].changed);
        files[i].changed = false;
    }
}

static bool carry_out(const struct request *request)
{
    int64_t error = try_once(request, false);
    if (is_another(error)) {
        synced(true);
    }
    for (unsigned tries = 1; error != 0 && tries < TRIES && is_passing(error); tries++) {
        printf("again %u %lld\n", number, (long long)error);
        anos_task_sleep_current(PAUSE);
        const uint64_t found = file_system("disk0:/", page);
        if (found != 0) {
            disk = found;
        }
        error = try_once(request, true);
        if (is_another(error)) {
            synced(true);
        }
    }
    if (error == 0 && request->kind == SYNC) {
        synced(false);
    }
    if (error == FILE_NOT_FOUND && request->kind > CREATE && request->kind < SYNC &&
        !request->file->sure) {
        printf("end %u lost\n", number);
        request->file->exists = false;
        return false;
    }
    if (error != 0) {
        printf("end %u error %lld\n", number, (long long)error);
        given_up++;
        return false;
    }
    printf("end %u ok\n", number);
    return true;
}

static void create(struct file *file)
{
    const struct request request = { .kind = CREATE, .file = file };
    *file = (struct file){ .number = next_name++ };
    printf("begin %u create F%u\n", number, file->number);
    file->sure = carry_out(&request);
    file->exists = file->changed = true;
}

static void write(struct file *file)
{
    const uint32_t block = draw(file->bytes / BLOCK + 1) % BLOCKS;
    const uint32_t room = (BLOCKS - block) * BLOCK;
    uint32_t bytes = 1 + draw(room < 6000 ? room : 6000);
    if (block * BLOCK + bytes < file->bytes) {
        bytes = (bytes + BLOCK - 1) / BLOCK * BLOCK; /* whole blocks: each is of one stream */
        if (block * BLOCK + bytes > file->bytes) {
            bytes = file->bytes - block * BLOCK;
        }
    }
    const struct request request = {
        .kind = WRITE,
        .file = file,
        .offset = block * BLOCK,
        .bytes = bytes,
        .stream = number & 0xFF,
    };
    printf("begin %u write F%u %u %u %u\n", number, file->number, request.offset, bytes,
           request.stream);
    if (!carry_out(&request)) {
        file->sure = false;
    }
    file->changed = true;
    for (uint32_t i = block; i * BLOCK < request.offset + bytes; i++) {
        file->streams[i] = (uint8_t)request.stream;
    }
    if (request.offset + bytes > file->bytes) {
        file->bytes = request.offset + bytes;
    }
}

static void rename_to(struct file *file)
{
    const struct request request = { .kind = RENAME, .file = file, .name = next_name++ };
    printf("begin %u rename F%u F%u\n", number, file->number, request.name);
    if (carry_out(&request)) {
        file->number = request.name;
        file->changed = true;
    } else {
        file->sure = false;
    }
}

static void remove_file(struct file *file)
{
    const struct request request = { .kind = REMOVE, .file = file };
    printf("begin %u remove F%u\n", number, file->number);
    carry_out(&request);
    file->exists = false;
}

static void operate(bool is_last)
{
    struct file *const file = &files[draw(FILES)];
    const uint32_t kind = draw(10);
    if (is_last || kind == 9) {
        const struct request request = { .kind = SYNC };
        printf("begin %u sync\n", number);
        carry_out(&request);
    } else if (!file->exists) {
        create(file);
    } else if (kind < 4) {
        write(file);
    } else if (kind < 7) {
        const struct request request = { .kind = READ, .file = file };
        printf("begin %u read F%u\n", number, file->number);
        carry_out(&request);
    } else if (kind == 7) {
        rename_to(file);
    } else {
        remove_file(file);
    }
}

static uint32_t to_number(const char *text)
{
    uint32_t value = 0;
    while (*text >= '0' && *text <= '9') {
        value = value * 10 + (uint32_t)(*text++ - '0');
    }
    return value;
}

int main(int argc, char **argv)
{
    const uint32_t count = argc > 1 ? to_number(argv[1]) : 100;
    state = (argc > 2 ? to_number(argv[2]) : 1) * 2654435761u | 1;
    disk = file_system("disk0:/", page);
    if (disk == 0) {
        printf("workload: disk0: is not there\n");
        return 1;
    }
    printf("workload ready\n");
    for (number = 1; number <= count && given_up < GIVEN_UP_MAX; number++) {
        operate(number == count);
    }
    printf("workload done %u\n", number - 1);
    return 0;
}
