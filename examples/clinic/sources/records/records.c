// The store of patients. One value a patient, its fields separated by the unit separator, under the key `patient/ID`.
#include "../guest.h"

#define SEPARATOR 0x1F

typedef struct { string id, name; u16 born; string email, diagnosis, notes; } patient;
typedef struct { u8 failed; union { patient ok; string text; struct { string *at; u32 count; } ids; error bad; }; } answer;

// result<_, error> of wasi:keyvalue; `first` and what follows are the payload, whatever it is.
typedef struct { u8 failed; u32 first, second, third, fourth, fifth; } reply;
typedef struct { u8 failed; union { s64 value; struct { u32 which; string message; }; }; } sum;

IMPORT("wasi:keyvalue/store@0.2.0-draft2", "open") void open(const u8 *name, u32 length, reply *result);
IMPORT("wasi:keyvalue/store@0.2.0-draft2", "[method]bucket.get") void bucket_get(u32 bucket, const u8 *key, u32 length, reply *result);
IMPORT("wasi:keyvalue/store@0.2.0-draft2", "[method]bucket.set")
void bucket_set(u32 bucket, const u8 *key, u32 length, const u8 *value, u32 value_length, reply *result);
IMPORT("wasi:keyvalue/store@0.2.0-draft2", "[method]bucket.list-keys")
void bucket_list_keys(u32 bucket, u32 has_cursor, const u8 *cursor, u32 length, reply *result);
IMPORT("wasi:keyvalue/store@0.2.0-draft2", "[resource-drop]bucket") void bucket_drop(u32 bucket);
IMPORT("wasi:keyvalue/atomics@0.2.0-draft2", "increment") void increment(u32 bucket, const u8 *key, u32 length, s64 delta, sum *result);

static answer out;

static answer *fail(u8 which, string message) {
  out.failed = 1;
  out.bad = (error){which, message};
  return &out;
}

// no-such-store, access-denied, other(string)
static answer *refuse(u32 which, u32 at, u32 length) {
  if (which == 2) return fail(UNAVAILABLE, (string){(const u8 *)at, length});
  return which == 1 ? fail(DENIED, TEXT("the bucket 'records' is not ours")) : fail(UNAVAILABLE, TEXT("there is no bucket 'records'"));
}

static int has_separator(string text) {
  for (u32 i = 0; i < text.length; i++) if (text.at[i] == SEPARATOR) return 1;
  return 0;
}

static string next_field(string *rest) {
  string field = *rest;
  for (u32 i = 0; i < rest->length; i++) {
    if (rest->at[i] != SEPARATOR) continue;
    field.length = i;
    rest->at += i + 1;
    rest->length -= i + 1;
    return field;
  }
  rest->length = 0;
  return field;
}

static u8 *put(u8 *at, string field) {
  memcpy(at, field.at, field.length);
  at[field.length] = SEPARATOR;
  return at + field.length + 1;
}

// The bucket, or 0 with the error in `out`.
static u32 records(void) {
  reply opened;
  open((const u8 *)"records", 7, &opened);
  if (!opened.failed) return opened.first;
  refuse(opened.first & 0xFF, opened.second, opened.third);
  return 0;
}

static answer *read(string id, patient *into) {
  u32 bucket = records();
  if (!bucket) return &out;
  string key = join(TEXT("patient/"), id);
  reply found;
  bucket_get(bucket, key.at, key.length, &found);
  bucket_drop(bucket);
  if (found.failed) return refuse(found.first & 0xFF, found.second, found.third);
  if (!(found.first & 0xFF)) return fail(NOT_FOUND, join(TEXT("no patient "), id));
  string rest = {(const u8 *)found.second, found.third};
  into->id = id;
  into->name = next_field(&rest);
  string born = next_field(&rest);
  into->born = 0;
  for (u32 i = 0; i < born.length; i++) into->born = (u16)(into->born * 10 + born.at[i] - '0');
  into->email = next_field(&rest);
  into->diagnosis = next_field(&rest);
  into->notes = next_field(&rest);
  return 0;
}

EXPORT("clinic:records/store#add")
answer *add(
    const u8 *name_at, u32 name_length, u32 born, const u8 *email_at, u32 email_length, const u8 *diagnosis_at, u32 diagnosis_length,
    const u8 *notes_at, u32 notes_length) {
  string name = {name_at, name_length}, email = {email_at, email_length};
  string diagnosis = {diagnosis_at, diagnosis_length}, notes = {notes_at, notes_length};
  if (!name.length || !diagnosis.length) return fail(INVALID, TEXT("a patient needs a name and a diagnosis"));
  if (born < 1900 || born > 2100) return fail(INVALID, TEXT("expected a year of birth from 1900 to 2100"));
  if (has_separator(name) || has_separator(email) || has_separator(diagnosis) || has_separator(notes)) {
    return fail(INVALID, TEXT("a field has a control character"));
  }
  u32 bucket = records();
  if (!bucket) return &out;
  sum counted;
  increment(bucket, (const u8 *)"next", 4, 1, &counted);
  if (counted.failed) {
    bucket_drop(bucket);
    return refuse(counted.which & 0xFF, (u32)counted.message.at, counted.message.length);
  }
  string id = join(TEXT("p"), number((u32)counted.value));
  string key = join(TEXT("patient/"), id);
  string year = number(born);
  u8 *value = take(name.length + year.length + email.length + diagnosis.length + notes.length + 5);
  u8 *end = put(put(put(put(put(value, name), year), email), diagnosis), notes);
  reply written;
  bucket_set(bucket, key.at, key.length, value, (u32)(end - value), &written);
  bucket_drop(bucket);
  if (written.failed) return refuse(written.first & 0xFF, written.second, written.third);
  out.failed = 0;
  out.text = id;
  return &out;
}

EXPORT("clinic:records/store#get") answer *get(const u8 *id, u32 length) {
  patient found;
  if (read((string){id, length}, &found)) return &out;
  out.failed = 0;
  out.ok = found;
  return &out;
}

EXPORT("clinic:records/store#contact") answer *contact(const u8 *id, u32 length) {
  patient found;
  if (read((string){id, length}, &found)) return &out;
  out.failed = 0;
  out.text = found.email;
  return &out;
}

EXPORT("clinic:records/store#ids") answer *ids(void) {
  u32 bucket = records();
  if (!bucket) return &out;
  string *all = 0;
  u32 count = 0;
  string cursor = {0, 0};
  u32 more = 0;
  do {
    reply page;
    bucket_list_keys(bucket, more, cursor.at, cursor.length, &page);
    if (page.failed) {
      bucket_drop(bucket);
      return refuse(page.first & 0xFF, page.second, page.third);
    }
    string *keys = (string *)page.first;
    all = cabi_realloc(all, count * sizeof *all, 4, (count + page.second) * sizeof *all);
    for (u32 i = 0; i < page.second; i++) {
      string prefix = TEXT("patient/");
      if (starts_with(keys[i], prefix)) all[count++] = (string){keys[i].at + prefix.length, keys[i].length - prefix.length};
    }
    more = page.third & 0xFF;
    cursor = (string){(const u8 *)page.fourth, page.fifth};
  } while (more);
  bucket_drop(bucket);
  out.failed = 0;
  out.ids.at = all;
  out.ids.count = count;
  return &out;
}

EXPORT("cabi_post_clinic:records/store#add") void add_done(void *result) { (void)result; release(); }
EXPORT("cabi_post_clinic:records/store#get") void get_done(void *result) { (void)result; release(); }
EXPORT("cabi_post_clinic:records/store#contact") void contact_done(void *result) { (void)result; release(); }
EXPORT("cabi_post_clinic:records/store#ids") void ids_done(void *result) { (void)result; release(); }
