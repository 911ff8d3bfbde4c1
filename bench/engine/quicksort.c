// Quicksort: recursion, unpredictable branches, swaps in memory.
#include "kernel.h"

enum { MAX = 1 << 20 };
static i32 values[MAX];

static NOINLINE void sort(i32 *v, i32 low, i32 high) {
    while (low < high) {
        i32 pivot = v[(low + high) >> 1], i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                i32 t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        }
        sort(v, low, j);
        low = i;
    }
}

RUN i32 run(i32 n) {
    u32 seed = 2463534242u;
    for (i32 i = 0; i < n; i++) values[i] = (i32)next_random(&seed);
    sort(values, 0, n - 1);
    i32 check = 0;
    for (i32 i = 0; i < n; i++) check = check * 31 + values[i];
    return check;
}
