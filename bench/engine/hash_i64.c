// A 64-bit hash in four lanes (multiply, rotate, xor): i64 arithmetic and wide loads.
#include "kernel.h"

static const u64 P1 = 0x9e3779b185ebca87ull, P2 = 0xc2b2ae3d27d4eb4full, P3 = 0x165667b19e3779f9ull;
enum { WORDS = 4096 };
static u64 data[WORDS];

static inline u64 rotate(u64 x, i32 by) { return x << by | x >> (64 - by); }
static inline u64 mix(u64 lane, u64 word) { return rotate(lane + word * P2, 31) * P1; }

static NOINLINE u64 hash(const u64 *at, i32 words, u64 seed) {
    u64 a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
    for (i32 i = 0; i < words; i += 4) {
        a = mix(a, at[i]);
        b = mix(b, at[i + 1]);
        c = mix(c, at[i + 2]);
        d = mix(d, at[i + 3]);
    }
    u64 h = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

RUN i64 run(i32 n) {
    u32 seed = 8;
    for (i32 i = 0; i < WORDS; i++) data[i] = (u64)next_random(&seed) * P3;
    u64 check = 0;
    for (i32 round = 0; round < n; round++) check = hash(data, WORDS, check) % 1000003 + check * 3;
    return (i64)check;
}
