// Recursion: the cost of a direct call, its prologue and its stack check.
#include "kernel.h"

static NOINLINE i32 fib(i32 n) {
    // The second operand keeps clang from turning one of the two calls into a loop.
    if (n < 2) return n;
    i32 a = fib(n - 1);
    i32 b = fib(n - 2);
    return a + b;
}

RUN i32 run(i32 n) { return fib(n); }
