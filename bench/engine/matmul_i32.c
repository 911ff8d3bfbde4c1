// Integer matrix product, plain triple loop: address arithmetic and bounds checks with little work between.
#include "kernel.h"

enum { N = 200 };
static i32 a[N * N], b[N * N], c[N * N];

static NOINLINE void multiply(void) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j++) {
            i32 sum = 0;
            for (i32 k = 0; k < N; k++) sum += a[i * N + k] * b[k * N + j];
            c[i * N + j] = sum;
        }
}

RUN i32 run(i32 n) {
    for (i32 i = 0; i < N * N; i++) {
        a[i] = i * 7 + 3;
        b[i] = i * 5 - 11;
    }
    i32 check = 0;
    for (i32 round = 0; round < n; round++) {
        multiply();
        for (i32 i = 0; i < N * N; i++) check = check * 31 + c[i];
        a[round] = check;
    }
    return check;
}
