// A treap with a free list: pointer chasing, small structs, recursion with two results in memory.
#include "kernel.h"

typedef struct node {
    struct node *left, *right;
    i32 key;
    u32 priority;
} node;

enum { NODES = 1 << 14 };
static node pool[NODES];
static node *free_list;
static u32 seed;

static node *new_node(i32 key) {
    node *n = free_list;
    if (!n) __builtin_trap();
    free_list = n->left;
    *n = (node){0, 0, key, next_random(&seed)};
    return n;
}

static NOINLINE void split(node *t, i32 key, node **left, node **right) {
    if (!t) {
        *left = *right = 0;
    } else if (t->key < key) {
        split(t->right, key, &t->right, right);
        *left = t;
    } else {
        split(t->left, key, left, &t->left);
        *right = t;
    }
}

static NOINLINE node *merge(node *a, node *b) {
    if (!a) return b;
    if (!b) return a;
    if (a->priority > b->priority) {
        a->right = merge(a->right, b);
        return a;
    }
    b->left = merge(a, b->left);
    return b;
}

static NOINLINE node *find(node *t, i32 key) {
    while (t && t->key != key) t = key < t->key ? t->left : t->right;
    return t;
}

static NOINLINE u32 digest(node *t) { return t ? (digest(t->left) * 31 + (u32)t->key) * 31 + digest(t->right) : 1; }

RUN i32 run(i32 n) {
    seed = 17;
    for (i32 i = 0; i < NODES; i++) pool[i].left = i + 1 < NODES ? pool + i + 1 : 0;
    free_list = pool;
    node *root = 0;
    u32 check = 0;
    for (i32 i = 0; i < n; i++) {
        i32 key = (i32)(next_random(&seed) >> 7 & (NODES - 1));
        node *left, *right, *found = find(root, key);
        split(root, key, &left, &right);
        if (found) {
            node *rest;
            split(right, key + 1, &found, &rest);
            found->left = free_list;
            free_list = found;
            root = merge(left, rest);
            check = check * 31 + (u32)key;
        } else {
            root = merge(merge(left, new_node(key)), right);
        }
    }
    return (i32)(check ^ digest(root));
}
