// Counts visits by diagnosis, in memory. Strings are UTF-16 here and in the component's canonical options, so a string crosses the
// boundary as it lies in memory.

class Count {
  visits: u32 = 0;
  decades: u16[] = [];
  constructor(public diagnosis: string) {}
}

const counts: Count[] = [];

// What lies at a result's address: its bytes, until the caller has read them.
let result: usize = 0;
let rows: usize = 0;

export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

function text(at: usize, length: usize): string {
  const copy = String.UTF16.decodeUnsafe(at, length << 1);
  if (length != 0) heap.free(at);
  return copy;
}

function begin(size: usize): usize {
  result = heap.alloc(size);
  memory.fill(result, 0, size);
  return result;
}

function invalid(message: string): usize {
  const at = begin(16);
  store<u8>(at, 1);
  store<u8>(at, 1, 4);
  store<usize>(at, changetype<usize>(message), 8);
  store<u32>(at, message.length, 12);
  return at;
}

export function add(at: usize, length: usize, decade: u32): usize {
  const diagnosis = text(at, length);
  if (diagnosis.length == 0) return invalid("a finding needs a diagnosis");
  let count: Count | null = null;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i].diagnosis == diagnosis) count = counts[i];
  }
  if (count === null) {
    if (counts.length == 10000) return invalid("more than 10,000 diagnoses");
    count = new Count(diagnosis);
    counts.push(count);
  }
  count.visits++;
  if (!count.decades.includes(<u16>decade)) {
    count.decades.push(<u16>decade);
    count.decades.sort((left, right) => <i32>left - <i32>right);
  }
  const answer = begin(16);
  store<u32>(answer, count.visits, 4);
  return answer;
}

export function byDiagnosis(): usize {
  const length = <usize>counts.length;
  rows = heap.alloc(max<usize>(length * 20, 1));
  for (let i: usize = 0; i < length; i++) {
    const count = counts[<i32>i];
    const row = rows + i * 20;
    store<usize>(row, changetype<usize>(count.diagnosis));
    store<u32>(row, count.diagnosis.length, 4);
    store<u32>(row, count.visits, 8);
    store<usize>(row, count.decades.dataStart, 12);
    store<u32>(row, count.decades.length, 16);
  }
  const answer = begin(16);
  store<usize>(answer, rows, 4);
  store<usize>(answer, length, 8);
  return answer;
}

export function done(at: usize): void {
  heap.free(at);
  if (rows != 0) heap.free(rows);
  rows = 0;
}
