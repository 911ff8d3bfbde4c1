// Base64 there and back: byte loads, shifts, table look-ups, branches on every input byte.
#include "kernel.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
enum { SIZE = 30000 };
static u8 plain[SIZE], encoded[SIZE / 3 * 4], decoded[SIZE];
static i8 reverse[256];

static NOINLINE u32 encode(const u8 *from, u32 length, u8 *to) {
    u32 at = 0;
    for (u32 i = 0; i < length; i += 3) {
        u32 bits = (u32)from[i] << 16 | (u32)from[i + 1] << 8 | from[i + 2];
        to[at++] = (u8)alphabet[bits >> 18];
        to[at++] = (u8)alphabet[bits >> 12 & 63];
        to[at++] = (u8)alphabet[bits >> 6 & 63];
        to[at++] = (u8)alphabet[bits & 63];
    }
    return at;
}

static NOINLINE u32 decode(const u8 *from, u32 length, u8 *to) {
    u32 at = 0, bits = 0, have = 0;
    for (u32 i = 0; i < length; i++) {
        i32 value = reverse[from[i]];
        if (value < 0) return 0;
        bits = bits << 6 | (u32)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[at++] = (u8)(bits >> have);
        }
    }
    return at;
}

RUN i32 run(i32 n) {
    for (i32 i = 0; i < 256; i++) reverse[i] = -1;
    for (i32 i = 0; i < 64; i++) reverse[(u8)alphabet[i]] = (i8)i;
    u32 seed = 21;
    for (i32 i = 0; i < SIZE; i++) plain[i] = (u8)next_random(&seed);
    u32 check = 0;
    for (i32 round = 0; round < n; round++) {
        plain[round % SIZE] ^= 0x5a;
        u32 length = encode(plain, SIZE, encoded);
        if (decode(encoded, length, decoded) != SIZE) __builtin_trap();
        for (i32 i = 0; i < SIZE; i += 61) check = check * 31 + decoded[i] + encoded[i];
    }
    return (i32)check;
}
