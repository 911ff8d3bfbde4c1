// An interpreter's loop: one br_table a step, operands and registers in memory.
#include "kernel.h"

enum { HALT, LOAD, MOVE, ADD, SUB, MUL, AND, XOR, SHR, ADD_IMMEDIATE, JUMP, JUMP_IF_ZERO, JUMP_IF_LESS, STORE, FETCH, CALL, RETURN };

typedef struct {
    u8 op, a, b, c;
    i32 immediate;
} instruction;

// Collatz lengths of 1..r0, mixed into r7; the step is a subroutine, and each length goes through memory.
static const instruction program[] = {
    /*  0 */ {LOAD, 1, 0, 0, 1},
    /*  1 */ {LOAD, 7, 0, 0, 0},
    /*  2 */ {LOAD, 8, 0, 0, 1},
    /*  3 */ {MOVE, 2, 1, 0, 0},
    /*  4 */ {LOAD, 3, 0, 0, 0},
    /*  5 */ {SUB, 4, 2, 8, 0},
    /*  6 */ {JUMP_IF_ZERO, 4, 0, 0, 10},
    /*  7 */ {CALL, 0, 0, 0, 17},
    /*  8 */ {ADD_IMMEDIATE, 3, 3, 0, 1},
    /*  9 */ {JUMP, 0, 0, 0, 5},
    /* 10 */ {STORE, 3, 1, 0, 0},
    /* 11 */ {FETCH, 5, 1, 0, 0},
    /* 12 */ {MUL, 6, 5, 1, 0},
    /* 13 */ {XOR, 7, 7, 6, 0},
    /* 14 */ {ADD_IMMEDIATE, 1, 1, 0, 1},
    /* 15 */ {JUMP_IF_LESS, 1, 0, 0, 3},
    /* 16 */ {HALT, 7, 0, 0, 0},
    /* 17 */ {AND, 4, 2, 8, 0},
    /* 18 */ {JUMP_IF_ZERO, 4, 0, 0, 22},
    /* 19 */ {ADD, 5, 2, 2, 0},
    /* 20 */ {ADD, 2, 5, 2, 0},
    /* 21 */ {ADD_IMMEDIATE, 2, 2, 0, 1},
    /* 21 falls through: an odd step plus one makes an even number, halved at once. */
    /* 22 */ {SHR, 2, 2, 8, 0},
    /* 23 */ {RETURN, 0, 0, 0, 0},
};

static u32 cells[1024];

static NOINLINE u32 interpret(const instruction *code, u32 argument) {
    u32 r[16] = {argument}, stack[16], depth = 0;
    const instruction *at = code;
    for (;;) {
        instruction i = *at++;
        switch (i.op) {
        case HALT: return r[i.a];
        case LOAD: r[i.a] = (u32)i.immediate; break;
        case MOVE: r[i.a] = r[i.b]; break;
        case ADD: r[i.a] = r[i.b] + r[i.c]; break;
        case SUB: r[i.a] = r[i.b] - r[i.c]; break;
        case MUL: r[i.a] = r[i.b] * r[i.c]; break;
        case AND: r[i.a] = r[i.b] & r[i.c]; break;
        case XOR: r[i.a] = r[i.b] ^ r[i.c]; break;
        case SHR: r[i.a] = r[i.b] >> (r[i.c] & 31); break;
        case ADD_IMMEDIATE: r[i.a] = r[i.b] + (u32)i.immediate; break;
        case JUMP: at = code + i.immediate; break;
        case JUMP_IF_ZERO: if (r[i.a] == 0) at = code + i.immediate; break;
        case JUMP_IF_LESS: if (r[i.a] < r[i.b]) at = code + i.immediate; break;
        case STORE: cells[r[i.b] & 1023] = r[i.a]; break;
        case FETCH: r[i.a] = cells[r[i.b] & 1023]; break;
        case CALL: stack[depth++ & 15] = (u32)(at - code); at = code + i.immediate; break;
        case RETURN: at = code + stack[--depth & 15]; break;
        default: __builtin_trap();
        }
    }
}

RUN i32 run(i32 n) { return (i32)interpret(program, (u32)n); }
