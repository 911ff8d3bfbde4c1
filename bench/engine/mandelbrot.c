// Escape-time iteration: f64 in registers only, no memory.
#include "kernel.h"

RUN i32 run(i32 n) {
    i32 check = 0;
    for (i32 py = 0; py < n; py++)
        for (i32 px = 0; px < n; px++) {
            f64 cx = 3.0 * px / n - 2.2, cy = 2.4 * py / n - 1.2, x = 0, y = 0;
            i32 i = 0;
            while (i < 200) {
                f64 xx = x * x, yy = y * y;
                if (xx + yy > 4) break;
                y = 2 * x * y + cy;
                x = xx - yy + cx;
                i++;
            }
            check = check * 31 + i;
        }
    return check;
}
