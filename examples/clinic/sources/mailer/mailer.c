// Sends a message as JSON to the relay that the setting `relay` (HOST:PORT) names: POST /messages.
#include "../guest.h"

#define TYPES "wasi:http/types@0.2.12"
#define HTTP_REQUEST_DENIED 15  // of error-code

typedef struct { u8 failed; union { u16 status; error bad; }; } answer;
typedef struct { u8 failed; u32 value; } handle;                                        // result<own<…>>
typedef struct { u8 failed; u32 first, second, third; } setting;                        // result<option<string>, error>
// result<_, error-code>, whose payload is aligned to eight bytes and takes 32 of them.
typedef struct { u8 failed; __attribute__((aligned(8))) union { u32 value; u8 code; u8 all[32]; }; } sent;
typedef struct { u8 is_there; __attribute__((aligned(8))) u8 taken_before; __attribute__((aligned(8))) sent response; } arrival;

IMPORT("wasi:config/store@0.2.0-rc.1", "get") void config_get(const u8 *key, u32 length, setting *result);
IMPORT(TYPES, "[constructor]fields") u32 fields_new(void);
IMPORT(TYPES, "[method]fields.append")
void fields_append(u32 fields, const u8 *name, u32 name_length, const u8 *value, u32 value_length, u8 *result);
IMPORT(TYPES, "[constructor]outgoing-request") u32 request_new(u32 headers);
IMPORT(TYPES, "[resource-drop]outgoing-request") void request_drop(u32 request);
IMPORT(TYPES, "[method]outgoing-request.set-method") u32 set_method(u32 request, u32 which, const u8 *other, u32 length);
IMPORT(TYPES, "[method]outgoing-request.set-scheme") u32 set_scheme(u32 request, u32 is_some, u32 which, const u8 *other, u32 length);
IMPORT(TYPES, "[method]outgoing-request.set-authority") u32 set_authority(u32 request, u32 is_some, const u8 *text, u32 length);
IMPORT(TYPES, "[method]outgoing-request.set-path-with-query") u32 set_path(u32 request, u32 is_some, const u8 *text, u32 length);
IMPORT(TYPES, "[method]outgoing-request.body") void request_body(u32 request, handle *result);
IMPORT(TYPES, "[method]outgoing-body.write") void body_write(u32 body, handle *result);
IMPORT(TYPES, "[static]outgoing-body.finish") void body_finish(u32 body, u32 has_trailers, u32 trailers, sent *result);
IMPORT("wasi:io/streams@0.2.12", "[method]output-stream.blocking-write-and-flush")
void stream_write(u32 stream, const u8 *bytes, u32 length, setting *result);
IMPORT("wasi:io/streams@0.2.12", "[resource-drop]output-stream") void stream_drop(u32 stream);
IMPORT("wasi:io/error@0.2.12", "[resource-drop]error") void io_error_drop(u32 error);
IMPORT("wasi:http/outgoing-handler@0.2.12", "handle") void handle_request(u32 request, u32 has_options, u32 options, sent *result);
IMPORT(TYPES, "[method]future-incoming-response.subscribe") u32 future_subscribe(u32 future);
IMPORT(TYPES, "[method]future-incoming-response.get") void future_get(u32 future, arrival *result);
IMPORT(TYPES, "[resource-drop]future-incoming-response") void future_drop(u32 future);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.block") void pollable_block(u32 pollable);
IMPORT("wasi:io/poll@0.2.12", "[resource-drop]pollable") void pollable_drop(u32 pollable);
IMPORT(TYPES, "[method]incoming-response.status") u32 response_status(u32 response);
IMPORT(TYPES, "[resource-drop]incoming-response") void response_drop(u32 response);

static answer out;

static answer *fail(u8 which, string message) {
  out.failed = 1;
  out.bad = (error){which, message};
  return &out;
}

static answer *unreachable_relay(u8 code) {
  return code == HTTP_REQUEST_DENIED ? fail(DENIED, TEXT("the host lets no request to the relay out"))
                                     : fail(UNAVAILABLE, join(TEXT("the relay cannot be reached: wasi:http error "), number(code)));
}

static u8 *quote(u8 *at, string text) {
  static const char hex[] = "0123456789abcdef";
  *at++ = '"';
  for (u32 i = 0; i < text.length; i++) {
    u8 byte = text.at[i];
    if (byte == '"' || byte == '\\') *at++ = '\\';
    if (byte >= 0x20) {
      *at++ = byte;
      continue;
    }
    memcpy(at, "\\u00", 4);
    at[4] = hex[byte >> 4];
    at[5] = hex[byte & 15];
    at += 6;
  }
  *at++ = '"';
  return at;
}

static u8 *put(u8 *at, string text) {
  memcpy(at, text.at, text.length);
  return at + text.length;
}

static string json(string to, string subject, string body) {
  u8 *start = take(64 + 6 * (to.length + subject.length + body.length));
  u8 *end = quote(put(start, TEXT("{\"to\":")), to);
  end = quote(put(end, TEXT(",\"subject\":")), subject);
  end = quote(put(end, TEXT(",\"body\":")), body);
  *end++ = '}';
  return (string){start, (u32)(end - start)};
}

// Writes the body in the pieces that blocking-write-and-flush takes, and ends it. False where the host takes no more.
static int write_body(u32 body, string text) {
  handle stream;
  body_write(body, &stream);
  if (stream.failed) return 0;
  int good = 1;
  for (u32 done = 0; good && done < text.length;) {
    u32 piece = text.length - done < 4096 ? text.length - done : 4096;
    setting written;
    stream_write(stream.value, text.at + done, piece, &written);
    good = !written.failed;
    if (!good && (written.first & 0xFF) == 0) io_error_drop(written.second);
    done += piece;
  }
  stream_drop(stream.value);
  sent finished;
  body_finish(body, 0, 0, &finished);
  return good && !finished.failed;
}

EXPORT("clinic:mail/mailer#send")
answer *send(const u8 *to, u32 to_length, const u8 *subject, u32 subject_length, const u8 *text, u32 text_length) {
  if (!to_length) return fail(INVALID, TEXT("a message needs someone to go to"));
  setting relay;
  config_get((const u8 *)"relay", 5, &relay);
  if (relay.failed || !(relay.first & 0xFF)) return fail(UNAVAILABLE, TEXT("the setting 'relay' is missing"));

  u32 headers = fields_new();
  u8 appended[2];
  fields_append(headers, (const u8 *)"content-type", 12, (const u8 *)"application/json", 16, appended);
  u32 request = request_new(headers);
  if (set_method(request, 2, 0, 0) || set_scheme(request, 1, 0, 0, 0) || set_path(request, 1, (const u8 *)"/messages", 9)
      || set_authority(request, 1, (const u8 *)relay.second, relay.third)) {
    request_drop(request);
    return fail(UNAVAILABLE, TEXT("the setting 'relay' is no HOST:PORT"));
  }

  handle body;
  request_body(request, &body);
  if (body.failed) __builtin_trap();
  sent future;
  handle_request(request, 0, 0, &future);
  if (future.failed) return unreachable_relay(future.code);
  // A relay that hangs up early still answers: what counts is the response.
  write_body(body.value, json((string){to, to_length}, (string){subject, subject_length}, (string){text, text_length}));

  u32 pollable = future_subscribe(future.value);
  pollable_block(pollable);
  pollable_drop(pollable);
  arrival arrived;
  future_get(future.value, &arrived);
  future_drop(future.value);
  if (arrived.response.failed) return unreachable_relay(arrived.response.code);
  u32 status = response_status(arrived.response.value);
  response_drop(arrived.response.value);
  if (status < 200 || status > 299) return fail(UNAVAILABLE, join(TEXT("the relay answered "), number(status)));
  out.failed = 0;
  out.status = (u16)status;
  return &out;
}

EXPORT("cabi_post_clinic:mail/mailer#send") void send_done(void *result) { (void)result; release(); }
