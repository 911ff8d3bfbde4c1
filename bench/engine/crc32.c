// CRC-32 by table, a byte at a time: a chain of dependent loads.
#include "kernel.h"

enum { SIZE = 1 << 16 };
static u32 table[256];
static u8 data[SIZE];

RUN i32 run(i32 n) {
    for (u32 i = 0; i < 256; i++) {
        u32 x = i;
        for (i32 k = 0; k < 8; k++) x = x & 1 ? 0xedb88320u ^ (x >> 1) : x >> 1;
        table[i] = x;
    }
    u32 seed = 12345;
    for (i32 i = 0; i < SIZE; i++) data[i] = (u8)next_random(&seed);
    u32 crc = ~0u;
    for (i32 round = 0; round < n; round++)
        for (i32 i = 0; i < SIZE; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    return (i32)~crc;
}
