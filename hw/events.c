/*
 * Packing events and unpacking them; the format is told in events.h. Unpacking trusts
 * nothing: its input may be any file.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

#define EXPORT __attribute__((visibility("default")))

enum { RECORD_BYTES_MAX = 1 + 10 * (1 + FIELDS_MAX), FAILED = -1 };
enum { LIST_MAX = 512, TRAPS_MAX = 128 }; /* what is gathered stays in the cache */

EXPORT struct events *events_open(const uint8_t *field_counts)
{
    for (unsigned i = 0; i < KINDS_MAX; i++) {
        if (field_counts[i] > FIELDS_MAX) {
            return NULL;
        }
    }
    struct events *events = calloc(1, sizeof *events);
    if (events) {
        memcpy(events->field_counts, field_counts, KINDS_MAX);
    }
    return events;
}

EXPORT void events_close(struct events *events)
{
    free(events->words);
    free(events->traps);
    free(events->out);
    free(events);
}

EXPORT const uint8_t *events_out(const struct events *events)
{
    return events->out;
}

/* From now on, what is packed is what stands in this list. */
EXPORT void events_attach(struct events *events, void *list, const struct list_functions *python)
{
    events->list = list;
    events->python = *python;
}

struct trap_record *add_trap(struct events *events)
{
    const uint64_t position = (uint64_t)events->python.size(events->list);
    if (events->trap_count == events->trap_room) {
        const uint64_t room = events->trap_room ? 2 * events->trap_room : 1024;
        struct trap_record *bigger = realloc(events->traps, room * sizeof *bigger);
        if (!bigger) {
            return NULL;
        }
        events->traps = bigger;
        events->trap_room = room;
    }
    struct trap_record *record = &events->traps[events->trap_count++];
    record->position = position;
    return record;
}

static bool make_room(struct events *events, uint64_t bytes)
{
    if (events->out_used + bytes > events->out_room) {
        const uint64_t room = 2 * (events->out_used + bytes);
        uint8_t *bigger = realloc(events->out, room);
        if (!bigger) {
            return false;
        }
        events->out = bigger;
        events->out_room = room;
    }
    return true;
}

/* ---- one word ---- */

enum how { DIFFERENCE, ITSELF, SEEN, LITERAL };
enum { SMALL = 1 << 28 };

/* Where a large word stands among those seen lately, if it does. */
static uint64_t place_of(uint64_t word)
{
    return word * 0x9e3779b97f4a7c15 >> 56;
}

/* ---- packing ---- */

static uint8_t *put(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = value | 0x80;
        value >>= 7;
    }
    *at++ = value;
    return at;
}

static uint8_t *put_word(struct events *events, uint8_t *at, uint64_t word, uint64_t *last)
{
    const uint64_t difference = word - *last;
    const uint64_t zigzag = difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
    *last = word;
    if (zigzag < SMALL) {
        return put(at, zigzag << 2 | DIFFERENCE);
    }
    if (word < SMALL) {
        return put(at, word << 2 | ITSELF);
    }
    const uint64_t place = place_of(word);
    if (events->seen[place] == word) {
        return put(at, place << 2 | SEEN);
    }
    events->seen[place] = word;
    *at++ = LITERAL;
    memcpy(at, &word, 8);
    return at + 8;
}

/* Pack the record at `words`; returns how many words it has, 0 if it is none. */
static uint64_t pack_one(struct events *events, const uint64_t *words, uint64_t count)
{
    const uint64_t kind = words[0];
    if (kind == TEXT && count >= 3) {
        const uint64_t bytes = words[2], length = 3 + (bytes + 7) / 8;
        if (length > count || !make_room(events, RECORD_BYTES_MAX + bytes)) {
            return 0;
        }
        uint8_t *at = events->out + events->out_used;
        *at++ = kind;
        at = put(put(at, words[1]), bytes);
        memcpy(at, &words[3], bytes);
        events->out_used = (uint64_t)(at + bytes - events->out);
        return length;
    }
    if (kind >= KINDS_MAX || kind == TEXT || !make_room(events, RECORD_BYTES_MAX)) {
        return 0;
    }
    const uint64_t fields = events->field_counts[kind], length = kind == PLACE ? 2 : 2 + fields;
    if (length > count) {
        return 0;
    }
    uint8_t *at = events->out + events->out_used;
    *at++ = kind;
    if (kind == PLACE) {
        at = put(at, words[1]);
    } else {
        const uint64_t time = words[1] ? words[1] : events->last_time;
        at = put_word(events, at, time, &events->last_time);
        for (uint64_t i = 0; i < fields; i++) {
            at = put_word(events, at, words[2 + i], &events->last[kind][i]);
        }
    }
    events->out_used = (uint64_t)(at - events->out);
    return length;
}

/* Take the kernel's words out of their list; returns how many there were. */
static uint64_t take_words(struct events *events)
{
    const uint64_t count = (uint64_t)events->python.size(events->list);
    if (count > events->word_room) {
        uint64_t *bigger = realloc(events->words, 2 * count * sizeof *bigger);
        if (!bigger) {
            return 0;
        }
        events->words = bigger;
        events->word_room = 2 * count;
    }
    for (uint64_t i = 0; i < count; i++) {
        void *number = events->python.item(events->list, (intptr_t)i);
        events->words[i] = events->python.as_word(number);
    }
    events->python.set_slice(events->list, 0, (intptr_t)count, NULL);
    return count;
}

/*
 * Pack the kernel's words and the traps between them. Returns the number of bytes at
 * events_out() that have been packed since events_clear, or -1 if something is no record.
 */
EXPORT int64_t events_pack(struct events *events)
{
    if (events->failed) {
        return FAILED;
    }
    const uint64_t count = take_words(events), *words = events->words;
    uint64_t done = 0;
    for (uint64_t i = 0; i <= events->trap_count; i++) {
        const bool last = i == events->trap_count;
        const uint64_t end = last ? count : events->traps[i].position;
        while (done < end && done < count) {
            const uint64_t length = pack_one(events, words + done, count - done);
            if (!length) {
                return FAILED;
            }
            done += length;
        }
        if (!last && !pack_one(events, events->traps[i].words, 9)) {
            return FAILED;
        }
    }
    events->trap_count = 0;
    return (int64_t)events->out_used;
}

void pack_if_many(struct events *events)
{
    if (events->trap_count > TRAPS_MAX || events->python.size(events->list) > LIST_MAX) {
        events->failed |= events_pack(events) < 0;
    }
}

/* What has been packed was taken. */
EXPORT void events_clear(struct events *events)
{
    events->out_used = 0;
}

/* ---- unpacking ---- */

static const uint8_t *get(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; at && at < end && shift < 64; shift += 7) {
        *value |= (uint64_t)(*at & 0x7f) << shift;
        if (!(*at++ & 0x80)) {
            return at;
        }
    }
    return NULL;
}

static const uint8_t *get_word(struct events *events, const uint8_t *at, const uint8_t *end,
                               uint64_t *last, uint64_t *word)
{
    uint64_t code;
    at = get(at, end, &code);
    const uint64_t number = code >> 2;
    switch ((enum how)(code & 3)) {
    case DIFFERENCE:
        *word = *last + (number >> 1 ^ -(number & 1));
        break;
    case ITSELF:
        *word = number;
        break;
    case SEEN:
        *word = events->seen[number % SEEN_MAX];
        break;
    case LITERAL:
        if (!at || end - at < 8) {
            return NULL;
        }
        memcpy(word, at, 8);
        at += 8;
        events->seen[place_of(*word)] = *word;
        break;
    }
    *last = *word;
    return at;
}

/*
 * Unpack whole records. Returns the number of words at events_out(), or -1 if the
 * bytes are no such records. No record has more words than bytes.
 */
EXPORT int64_t events_unpack(struct events *events, const uint8_t *bytes, uint64_t count)
{
    events->out_used = 0;
    if (!make_room(events, 8 * (count + 1))) {
        return FAILED;
    }
    uint64_t *out = (uint64_t *)events->out;
    const uint8_t *at = bytes, *end = bytes + count;
    while (at && at < end) {
        const uint64_t kind = *at++;
        if (kind >= KINDS_MAX) {
            return FAILED;
        }
        *out++ = kind;
        if (kind == TEXT) {
            at = get(get(at, end, &out[0]), end, &out[1]);
            if (!at || out[1] > (uint64_t)(end - at)) {
                return FAILED;
            }
            const uint64_t length = out[1];
            out[2 + length / 8] = 0;
            memcpy(&out[2], at, length);
            at += length;
            out += 2 + (length + 7) / 8;
        } else if (kind == PLACE) {
            at = get(at, end, out++);
        } else {
            at = get_word(events, at, end, &events->last_time, out++);
            for (uint64_t i = 0; at && i < events->field_counts[kind]; i++) {
                at = get_word(events, at, end, &events->last[kind][i], out++);
            }
        }
    }
    events->out_used = (uint64_t)((uint8_t *)out - events->out);
    return at ? (int64_t)(events->out_used / 8) : FAILED;
}
