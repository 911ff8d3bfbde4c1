// Sieve of Eratosthenes: strided byte stores.
#include "kernel.h"

enum { SIZE = 1 << 20 };
static u8 composite[SIZE];

RUN i32 run(i32 n) {
    i32 count = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < SIZE; i++) composite[i] = 0;
        for (i32 i = 2; i * i < SIZE; i++) {
            if (composite[i]) continue;
            for (i32 j = i * i; j < SIZE; j += i) composite[j] = 1;
        }
        for (i32 i = 2; i < SIZE; i++) count += !composite[i];
    }
    return count;
}
