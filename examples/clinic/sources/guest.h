// What the components in C share: memory for the canonical ABI, strings, and the clinic's errors. There is no C library.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long s64;

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

typedef struct { const u8 *at; u32 length; } string;

#define TEXT(literal) ((string){(const u8 *)literal, sizeof(literal) - 1})

// The cases of clinic:base/types.error.
enum error_case { NOT_FOUND, INVALID, DENIED, UNAVAILABLE };

typedef struct { u8 which; string message; } error;

extern u8 __heap_base;
static u32 top;

void *memcpy(void *to, const void *from, unsigned long count) {
  for (u32 i = 0; i < count; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}

void *memset(void *to, int value, unsigned long count) {
  for (u32 i = 0; i < count; i++) ((u8 *)to)[i] = (u8)value;
  return to;
}

// Memory is only ever taken; release() gives all of it back when the caller has its result.
EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 alignment, u32 size) {
  if (!top) top = (u32)&__heap_base;
  u32 at = (top + alignment - 1) & ~(alignment - 1);
  if (at < top || at + size < at) __builtin_trap();
  top = at + size;
  u32 have = __builtin_wasm_memory_size(0), need = (u32)(((unsigned long long)top + 0xFFFF) >> 16);
  if (need > have && __builtin_wasm_memory_grow(0, need - have) == (unsigned long)-1) __builtin_trap();
  if (old_size) memcpy((void *)at, old, old_size < size ? old_size : size);
  return (void *)at;
}

static inline void *take(u32 size) { return cabi_realloc(0, 0, 8, size); }

static inline void release(void) { top = (u32)&__heap_base; }

static inline string join(string left, string right) {
  u8 *at = take(left.length + right.length);
  memcpy(at, left.at, left.length);
  memcpy(at + left.length, right.at, right.length);
  return (string){at, left.length + right.length};
}

static inline string number(u32 value) {
  u8 digits[10];
  u32 first = sizeof digits;
  do digits[--first] = '0' + value % 10; while (value /= 10);
  u8 *at = take(sizeof digits - first);
  memcpy(at, digits + first, sizeof digits - first);
  return (string){at, sizeof digits - first};
}

static inline int starts_with(string text, string start) {
  if (text.length < start.length) return 0;
  for (u32 i = 0; i < start.length; i++) if (text.at[i] != start.at[i]) return 0;
  return 1;
}
