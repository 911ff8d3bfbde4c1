// The first call into the medium module: each kernel of one of its variants, once and small, as a program starts up.
#include "kernel.h"

#define PARTS(V) \
    V(fib, i32, 10) V(ackermann, i32, 5) V(matmul_f64, f64, 1) V(crc32, i32, 1) V(sha256, i32, 1) V(indirect, i32, 100) \
    V(switch_vm, i32, 20) V(copy_loop, i64, 1) V(nbody, f64, 10) V(mandelbrot, i32, 10) V(hash_i64, i64, 1) V(hash_table, i32, 100) \
    V(tree, i32, 100) V(base64, i32, 1)

#define DECLARE(name, type, n) extern type run_##name##_0(i32);
PARTS(DECLARE)

RUN i64 run(i32 n) {
    i64 check = n;
#define CALL(name, type, small) check = check * 31 + (i64)run_##name##_0(small);
    PARTS(CALL)
    return check;
}
