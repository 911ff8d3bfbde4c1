// Planets under gravity: f64 arithmetic with square roots and divisions, state in memory.
#include "kernel.h"

typedef struct {
    f64 x, y, z, vx, vy, vz, mass;
} body;

enum { BODIES = 5 };
static body bodies[BODIES];

static NOINLINE void advance(f64 dt) {
    for (i32 i = 0; i < BODIES; i++)
        for (i32 j = i + 1; j < BODIES; j++) {
            body *a = bodies + i, *b = bodies + j;
            f64 dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            f64 square = dx * dx + dy * dy + dz * dz;
            f64 size = dt / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * size;
            a->vy -= dy * b->mass * size;
            a->vz -= dz * b->mass * size;
            b->vx += dx * a->mass * size;
            b->vy += dy * a->mass * size;
            b->vz += dz * a->mass * size;
        }
    for (i32 i = 0; i < BODIES; i++) {
        body *a = bodies + i;
        a->x += dt * a->vx;
        a->y += dt * a->vy;
        a->z += dt * a->vz;
    }
}

static NOINLINE f64 energy(void) {
    f64 sum = 0;
    for (i32 i = 0; i < BODIES; i++) {
        body *a = bodies + i;
        sum += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
        for (i32 j = i + 1; j < BODIES; j++) {
            body *b = bodies + j;
            f64 dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            sum -= a->mass * b->mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return sum;
}

RUN f64 run(i32 n) {
    for (i32 i = 0; i < BODIES; i++)
        bodies[i] = (body){
            1.5 * i, 0.7 * i * i - i, 0.3 - 0.2 * i, 0.1 * i, i == 0 ? 0 : 2.0 / i, 0.05 * (2 - i), i == 0 ? 39.5 : 0.01 * i,
        };
    for (i32 i = 0; i < n; i++) advance(0.0005);
    return energy();
}
