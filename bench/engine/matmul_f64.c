// Float matrix product in i-k-j order: the inner loop streams through two rows.
#include "kernel.h"

enum { N = 200 };
static f64 a[N * N], b[N * N], c[N * N];

static NOINLINE void multiply(void) {
    for (i32 i = 0; i < N * N; i++) c[i] = 0;
    for (i32 i = 0; i < N; i++)
        for (i32 k = 0; k < N; k++) {
            f64 x = a[i * N + k];
            for (i32 j = 0; j < N; j++) c[i * N + j] += x * b[k * N + j];
        }
}

RUN f64 run(i32 n) {
    for (i32 i = 0; i < N * N; i++) {
        a[i] = (i % 97) * 0.5;
        b[i] = (i % 89) * 0.25;
    }
    f64 check = 0;
    for (i32 round = 0; round < n; round++) {
        multiply();
        for (i32 i = 0; i < N * N; i++) check += c[i] * (i & 7);
        a[round] += 1;
    }
    return check;
}
