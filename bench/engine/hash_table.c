// Counting words: strings, structs, chained buckets that grow, and a bump allocator.
#include "kernel.h"

typedef struct entry {
    struct entry *next;
    u32 hash, length, count;
    u8 key[];
} entry;

typedef struct {
    entry **buckets;
    u32 capacity, size;
} table;

static u8 arena[1 << 20];
static u32 used;

static void *allocate(u32 bytes) {
    bytes = (bytes + 7) & ~7u;
    if (used + bytes > sizeof arena) __builtin_trap();
    void *result = arena + used;
    used += bytes;
    return result;
}

static entry **new_buckets(u32 capacity) {
    entry **buckets = allocate(capacity * sizeof *buckets);
    for (u32 i = 0; i < capacity; i++) buckets[i] = 0;
    return buckets;
}

static NOINLINE void grow(table *t) {
    u32 capacity = t->capacity * 2;
    entry **buckets = new_buckets(capacity);
    for (u32 i = 0; i < t->capacity; i++)
        for (entry *e = t->buckets[i], *next; e; e = next) {
            next = e->next;
            entry **slot = buckets + (e->hash & (capacity - 1));
            e->next = *slot;
            *slot = e;
        }
    t->buckets = buckets;
    t->capacity = capacity;
}

static NOINLINE i32 same(const u8 *a, const u8 *b, u32 length) {
    while (length && *a == *b) a++, b++, length--;
    return length == 0;
}

static NOINLINE entry *count_word(table *t, const u8 *key, u32 length) {
    u32 hash = 2166136261u;
    for (u32 i = 0; i < length; i++) hash = (hash ^ key[i]) * 16777619u;
    entry **slot = t->buckets + (hash & (t->capacity - 1));
    for (entry *e = *slot; e; e = e->next)
        if (e->hash == hash && e->length == length && same(e->key, key, length)) {
            e->count++;
            return e;
        }
    entry *e = allocate((u32)sizeof *e + length);
    *e = (entry){*slot, hash, length, 1};
    for (u32 i = 0; i < length; i++) e->key[i] = key[i];
    *slot = e;
    if (++t->size > t->capacity) grow(t);
    return e;
}

static NOINLINE u32 write_word(u8 *to, u32 number) {
    static const char syllables[16][4] = {
        "ka", "lo", "mi", "ne", "ru", "ta", "vo", "si", "pel", "dor", "fan", "gim", "hus", "jor", "kel", "zu",
    };
    u32 length = 0;
    do {
        for (const char *s = syllables[number & 15]; *s; s++) to[length++] = (u8)*s;
        number >>= 4;
    } while (number);
    return length;
}

RUN i32 run(i32 n) {
    used = 0;
    table t = {new_buckets(16), 16, 0};
    u32 seed = 11, check = 0;
    u8 word[32];
    for (i32 i = 0; i < n; i++) {
        u32 r = next_random(&seed);
        // Small numbers are the frequent words, as in a text.
        u32 length = write_word(word, r >> 20 & r >> 8 & 0xfff);
        check = check * 31 + count_word(&t, word, length)->count;
    }
    return (i32)(check ^ t.size);
}
