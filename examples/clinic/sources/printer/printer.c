// Lays a text out in lines of 32 columns, as the receipt printer takes them.
//
// It has a mistake, of the kind that real code has: the page is kept from call to call, `used` only ever grows, and what a short text
// does not cover is what an earlier and longer one left there.
#include "../guest.h"

#define COLUMNS 32
#define LONGEST 16384

typedef struct { u8 failed; union { string page; error bad; }; } answer;

static u8 page[LONGEST];
static u32 used;
static answer out;

EXPORT("clinic:print/layout#page") answer *layout(const u8 *text, u32 length) {
  u32 at = 0, column = 0;
  for (u32 i = 0; i < length; i++) {
    if (at + 2 > LONGEST) {
      out.failed = 1;
      out.bad = (error){INVALID, TEXT("a page takes 16 KiB")};
      return &out;
    }
    // A line breaks only where a character begins: 10xxxxxx goes on with one.
    int begins = (text[i] & 0xC0) != 0x80;
    if (column == COLUMNS && begins && text[i] != '\n') {
      page[at++] = '\n';
      column = 0;
    }
    page[at++] = text[i];
    column = text[i] == '\n' ? 0 : column + begins;
  }
  if (at > used) used = at;
  out.failed = 0;
  out.page = (string){page, used};
  return &out;
}

EXPORT("cabi_post_clinic:print/layout#page") void layout_done(void *result) { (void)result; release(); }
