// SIMD, f32x4: saxpy and dot product over two arrays that fit the first-level cache.
#include "kernel.h"
#include <wasm_simd128.h>

enum { SIZE = 2048 };
static f32 x[SIZE], y[SIZE];

static NOINLINE void saxpy(f32 a) {
    v128_t factor = wasm_f32x4_splat(a);
    for (i32 i = 0; i < SIZE; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_add(wasm_f32x4_mul(factor, wasm_v128_load(x + i)), wasm_v128_load(y + i)));
}

static NOINLINE f32 dot(void) {
    v128_t sum0 = wasm_f32x4_splat(0), sum1 = sum0;
    for (i32 i = 0; i < SIZE; i += 8) {
        sum0 = wasm_f32x4_add(sum0, wasm_f32x4_mul(wasm_v128_load(x + i), wasm_v128_load(y + i)));
        sum1 = wasm_f32x4_add(sum1, wasm_f32x4_mul(wasm_v128_load(x + i + 4), wasm_v128_load(y + i + 4)));
    }
    v128_t sum = wasm_f32x4_add(sum0, sum1);
    return wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 2) +
           wasm_f32x4_extract_lane(sum, 3);
}

RUN f64 run(i32 n) {
    for (i32 i = 0; i < SIZE; i++) {
        x[i] = (f32)(i % 31) * 0.125f;
        y[i] = (f32)(i % 17) * 0.5f;
    }
    f64 check = 0;
    for (i32 round = 0; round < n; round++) {
        saxpy(round & 1 ? -0.5f : 0.5f);
        check += dot();
    }
    return check;
}
