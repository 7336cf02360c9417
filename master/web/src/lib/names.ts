// The order of names: `node-2` before `node-10`, and case does not count.

/** What host names are made of. */
const PLAIN = /^[A-Za-z0-9._-]*$/;

let collator: Intl.Collator | undefined;

/**
 * How to compare `names`, as a collator of English with numbers does. The browser's own takes milliseconds to be made, which the
 * first view has better use for, and many times longer for each two names: it is for what is not plain.
 */
export function orderOf(names: readonly string[]): (left: string, right: string) => number {
  if (names.every((name) => PLAIN.test(name))) return comparePlain;
  collator ??= new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return collator.compare;
}

function comparePlain(left: string, right: string): number {
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const [a, b] = [left.charCodeAt(l), right.charCodeAt(r)];
    if (isDigit(a) && isDigit(b)) {
      const [lFrom, rFrom] = [numberStart(left, l), numberStart(right, r)];
      [l, r] = [numberEnd(left, lFrom), numberEnd(right, rFrom)];
      const longer = l - lFrom - (r - rFrom);
      if (longer !== 0) return longer;
      for (let digit = 0; lFrom + digit < l; digit += 1) {
        const difference = left.charCodeAt(lFrom + digit) - right.charCodeAt(rFrom + digit);
        if (difference !== 0) return difference;
      }
      continue;
    }
    const difference = weight(a) - weight(b);
    if (difference !== 0) return difference;
    l += 1;
    r += 1;
  }
  return left.length - l - (right.length - r);
}

const [ZERO, NINE, UPPER_A, UPPER_Z] = [0x30, 0x39, 0x41, 0x5a];
const [UNDERSCORE, LETTERS_APART] = [0x5f, 0x20];

const isDigit = (code: number) => code >= ZERO && code <= NINE;

/** `_`, `-`, `.`, digits, letters. */
function weight(code: number): number {
  if (code === UNDERSCORE) return 0;
  return code >= UPPER_A && code <= UPPER_Z ? code + LETTERS_APART : code;
}

/** Zeros in front do not count. */
function numberStart(text: string, from: number): number {
  let start = from;
  while (text.charCodeAt(start) === ZERO) start += 1;
  return start;
}

function numberEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}
