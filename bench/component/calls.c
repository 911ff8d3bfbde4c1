// The guest of `chain bench component`: the canonical ABI by hand, and next to no work of its own, so that the boundary is what is timed.
// Whatever the host allocates for a call is given back when the call ends: at the end of the function, or in its post-return.
#define EXPORT(name) __attribute__((export_name(name)))

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

typedef struct {
    const u8 *text;
    u32 length;
} string;

typedef struct {
    string name;
    u32 quantity;
    double price;
} item;

typedef struct {
    item *items;
    u32 count;
} item_list;

typedef struct {
    u64 id;
    item_list items;
} order;

extern u8 __heap_base;
static u32 top;

static void release(void) { top = (u32)&__heap_base; }

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 alignment, u32 size) {
    if (top == 0) release();
    u32 at = (top + alignment - 1) & ~(alignment - 1);
    top = at + size;
    u32 pages = __builtin_wasm_memory_size(0);
    if (top > pages * 65536u) __builtin_wasm_memory_grow(0, (top - pages * 65536u + 65535u) / 65536u);
    if (old_size != 0) __builtin_memcpy((void *)at, old, old_size < size ? old_size : size);
    return (void *)at;
}

EXPORT("chain:bench/calls#empty") void empty(void) {}

EXPORT("chain:bench/calls#add") int add(int a, int b, int c) { return a + b + c; }

EXPORT("chain:bench/calls#measure") u32 measure(const u8 *text, u32 length) {
    (void)text;
    release();
    return length;
}

static string echoed;

EXPORT("chain:bench/calls#echo") string *echo(const u8 *text, u32 length) {
    echoed.text = text;
    echoed.length = length;
    return &echoed;
}

EXPORT("cabi_post_chain:bench/calls#echo") void echo_done(string *result) {
    (void)result;
    release();
}

EXPORT("chain:bench/calls#total") double total(u64 id, const item *items, u32 count) {
    (void)id;
    double sum = 0;
    for (u32 i = 0; i < count; i++) sum += items[i].quantity * items[i].price;
    release();
    return sum;
}

static order discounted;

EXPORT("chain:bench/calls#discount") order *discount(u64 id, item *items, u32 count, double percent) {
    for (u32 i = 0; i < count; i++) items[i].price *= 1 - percent / 100;
    discounted.id = id;
    discounted.items.items = items;
    discounted.items.count = count;
    return &discounted;
}

EXPORT("cabi_post_chain:bench/calls#discount") void discount_done(order *result) {
    (void)result;
    release();
}
