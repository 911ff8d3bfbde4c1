// Files cases and gives each a reference. It keeps nothing: the reference is made of the case.

const PAGE = memory.data(16);

export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

function mix(hash: u32, at: usize, units: usize): u32 {
  for (let i: usize = 0; i < units; i++) hash = (hash ^ load<u16>(at + (i << 1))) * 16777619;
  return hash;
}

function answer(failed: bool, message: string): usize {
  store<u8>(PAGE, failed);
  if (failed) {
    store<u8>(PAGE, 1, 4);
    store<usize>(PAGE, changetype<usize>(message), 8);
    store<u32>(PAGE, message.length, 12);
  } else {
    store<usize>(PAGE, changetype<usize>(message), 4);
    store<u32>(PAGE, message.length, 8);
  }
  return PAGE;
}

// submission, flattened: its case, then what a finding and a patient have in the same places.
//   anonymous:  diagnosis, decade
//   full:       id, name, born, email, diagnosis, notes
export function submit(
  which: u32, a: usize, aLength: usize, b: usize, c: usize, born: u32, d: usize, dLength: usize, e: usize, eLength: usize, f: usize, fLength: usize,
): usize {
  const full = which == 1;
  const diagnosis = full ? e : a;
  const length = full ? eLength : aLength;
  if (length == 0) return answer(true, "a case needs a diagnosis");
  const year: u32 = full ? born : <u32>b;
  const hash = (mix(2166136261, diagnosis, length) ^ year) * 16777619;
  return answer(false, (full ? "US-FULL-" : "US-") + hash.toString(16).padStart(8, "0"));
}
