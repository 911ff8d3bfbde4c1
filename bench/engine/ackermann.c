// Deep recursion that is not a tree: many frames are live at once.
#include "kernel.h"

static NOINLINE i32 ackermann(i32 m, i32 n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

RUN i32 run(i32 n) {
    i32 sum = 0;
    for (i32 i = 0; i < 4; i++) sum = sum * 31 + ackermann(3, n - i);
    return sum;
}
