// What every kernel of `chain bench engine` shares: there is no libc, and one function is exported.
#pragma once

typedef __SIZE_TYPE__ size_t;
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#ifndef RUN
#define RUN __attribute__((export_name("run")))
#endif

// Keeps the compiler from folding a call away, so that the engine is measured and not clang.
#ifndef NOINLINE
#define NOINLINE __attribute__((noinline))
#endif

// A small reproducible generator; the kernels must give the same checksum on every call.
static inline u32 next_random(u32 *state) {
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
