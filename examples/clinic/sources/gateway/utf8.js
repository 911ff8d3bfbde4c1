// The engine has no TextEncoder. Bytes that are no UTF-8 become U+FFFD.

export function encodeUtf8(text) {
  const bytes = [];
  for (const character of text) {
    const point = character.codePointAt(0);
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
  return new Uint8Array(bytes);
}

const SMALLEST = [0, 0x80, 0x800, 0x10000];

export function decodeUtf8(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++];
    const more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1;
    let point = more > 0 ? first & (0x3f >> more) : first;
    let taken = 0;
    while (taken < more && (bytes[at] & 0xc0) === 0x80) {
      point = (point << 6) | (bytes[at++] & 63);
      taken++;
    }
    const isGood = taken === more && point >= SMALLEST[more] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    text += isGood ? String.fromCodePoint(point) : "\ufffd";
  }
  return text;
}
