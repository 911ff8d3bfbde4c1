// memory.copy and memory.fill: many short ones as a string library makes them, and a few long ones.
#include "kernel.h"

enum { SIZE = 1 << 16 };
static u8 buffer[2 * SIZE];

RUN i64 run(i32 n) {
    u32 seed = 6;
    for (i32 i = 0; i < 2 * SIZE; i++) buffer[i] = (u8)next_random(&seed);
    u64 check = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 256; i++) {
            u32 r = next_random(&seed);
            u32 to = r & (SIZE - 1), from = SIZE + (r >> 16 & (SIZE / 2 - 1)), length = r >> 8 & 127;
            __builtin_memcpy(buffer + to, buffer + from, length);
            __builtin_memset(buffer + (to ^ 0x5555), (u8)r, length >> 2);
            check += buffer[to + (length >> 1)];
        }
        __builtin_memmove(buffer + 1, buffer, SIZE - 1);
        check = check * 31 + buffer[round & (SIZE - 1)];
    }
    return (i64)check;
}
