// SIMD, i8x16: ASCII case folding with compare and mask, a swizzled nibble table (population count), and a sum over lanes.
#include "kernel.h"
#include <wasm_simd128.h>

enum { SIZE = 1 << 14 };
static u8 text[SIZE], folded[SIZE];

static NOINLINE void fold_case(void) {
    v128_t a = wasm_i8x16_splat('A'), range = wasm_i8x16_splat(26), bit = wasm_i8x16_splat(0x20);
    for (i32 i = 0; i < SIZE; i += 16) {
        v128_t v = wasm_v128_load(text + i);
        v128_t upper = wasm_u8x16_lt(wasm_i8x16_sub(v, a), range);
        wasm_v128_store(folded + i, wasm_v128_or(v, wasm_v128_and(upper, bit)));
    }
}

static NOINLINE u32 count_bits(void) {
    v128_t counts = wasm_i8x16_make(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4), low = wasm_i8x16_splat(15);
    v128_t sum = wasm_i32x4_splat(0);
    for (i32 i = 0; i < SIZE; i += 16) {
        v128_t v = wasm_v128_load(folded + i);
        v128_t bits = wasm_i8x16_add(wasm_i8x16_swizzle(counts, wasm_v128_and(v, low)), wasm_i8x16_swizzle(counts, wasm_u8x16_shr(v, 4)));
        sum = wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bits)));
    }
    return (u32)(wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1) + wasm_i32x4_extract_lane(sum, 2) +
                 wasm_i32x4_extract_lane(sum, 3));
}

static NOINLINE u32 count_letters(u8 letter) {
    v128_t wanted = wasm_u8x16_splat(letter);
    u32 count = 0;
    for (i32 i = 0; i < SIZE; i += 16)
        count += (u32)__builtin_popcount(wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(folded + i), wanted)));
    return count;
}

RUN i32 run(i32 n) {
    u32 seed = 4711;
    for (i32 i = 0; i < SIZE; i++) text[i] = (u8)(next_random(&seed) >> 8 & 127);
    u32 check = 0;
    for (i32 round = 0; round < n; round++) {
        text[round & (SIZE - 1)] ^= 1;
        fold_case();
        check = check * 31 + count_bits();
        check = check * 31 + count_letters((u8)('a' + round % 26));
    }
    return (i32)check;
}
