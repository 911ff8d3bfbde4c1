// Copies by hand, a byte and an eight-byte word at a time (built with -fno-builtin, so that no memory.copy comes out).
#include "kernel.h"

enum { SIZE = 1 << 16 };
static u64 source[SIZE / 8], target[SIZE / 8];

static NOINLINE void copy_bytes(u8 *to, const u8 *from, i32 length) {
    for (i32 i = 0; i < length; i++) to[i] = from[i];
}

static NOINLINE void copy_words(u64 *to, const u64 *from, i32 length) {
    for (i32 i = 0; i < length; i++) to[i] = from[i];
}

RUN i64 run(i32 n) {
    u32 seed = 5;
    for (i32 i = 0; i < SIZE / 8; i++) source[i] = (u64)next_random(&seed) << 32 | next_random(&seed);
    u64 check = 0;
    for (i32 round = 0; round < n; round++) {
        source[round & 1023] += (u64)round;
        copy_bytes((u8 *)target, (const u8 *)source + (round & 7), SIZE - 8);
        check = check * 31 + target[round & 1023];
        copy_words(target, source, SIZE / 8);
        copy_words(target + 1, source, SIZE / 8 - 1);
        check = check * 31 + target[(round + 1) & 1023];
    }
    return (i64)check;
}
