// call_indirect through a table of sixteen functions in an order that a branch predictor cannot learn at once.
#include "kernel.h"

typedef i32 (*operation)(i32, i32);

#define OPERATION(name, expression) static NOINLINE i32 name(i32 x, i32 y) { return expression; }
OPERATION(add, x + y)
OPERATION(sub, x - y)
OPERATION(mul, x * (y | 1))
OPERATION(xor, x ^ y)
OPERATION(and, x & (y | 0xff))
OPERATION(or, x | (y & 0xff))
OPERATION(rotl, x << (y & 7) | (i32)((u32)x >> (32 - (y & 7)) % 32))
OPERATION(shr, (i32)((u32)x >> (y & 3)))
OPERATION(min, x < y ? x : y)
OPERATION(max, x > y ? x : y)
OPERATION(neg, y - (x >> 1))
OPERATION(not, ~x + y)
OPERATION(twice, x + x + y)
OPERATION(thrice, x + 3 * y)
OPERATION(mix, (x ^ (i32)((u32)x >> 15)) + y)
OPERATION(same, ((void)y, x))

static operation table[16] = {add, sub, mul, xor, and, or, rotl, shr, min, max, neg, not, twice, thrice, mix, same};
static u8 order[4096];

RUN i32 run(i32 n) {
    u32 seed = 7;
    for (size_t i = 0; i < sizeof order; i++) order[i] = next_random(&seed) >> 9 & 15;
    i32 x = 1;
    for (i32 i = 0; i < n; i++) x = table[order[i & 4095]](x, i);
    return x;
}
