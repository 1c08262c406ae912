/** Splits what somebody copied from a terminal into words, as a shell would. */

export interface Words {
  words: string[];
  /** What ended the command: `|`, `&&`, `>`; the rest is not about the request. */
  end: string | null;
  /** A quote is open. */
  isOpen: boolean;
}

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", "0": "\0" };
const ENDS = "|;&<>";

export function split(text: string): Words {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    // `\` and, in copies for the Windows command line, `^` join lines.
    const joined = /^[\\^]\r?\n/.exec(text.slice(at, at + 3));
    if (joined) at += joined[0].length;
    else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
    } else if (c === "'" || c === '"' || (c === "$" && text[at + 1] === "'")) {
      const quote = quoted(text, at);
      word = (word ?? "") + quote.text;
      if (quote.isOpen) return { words: [...words, word], end: null, isOpen: true };
      at = quote.end;
    } else if (c === "\\") {
      word = (word ?? "") + (text[at + 1] ?? "");
      at += 2;
    } else if (c === "#" && word === null) {
      at = lineEnd(text, at);
    } else if (ENDS.includes(c)) {
      if (c === "&" && word !== null && isInUrl(word)) {
        // Pasted without quotes, which a shell would not forgive.
        word += c;
        at += 1;
        continue;
      }
      const end = text.slice(at, at + 2);
      if (word !== null && !/^[12]$/.test(word)) words.push(word);
      return { words, end: end[0] === end[1] ? end : c, isOpen: false };
    } else {
      word = (word ?? "") + c;
      at += 1;
    }
  }
  if (word !== null) words.push(word);
  return { words, end: null, isOpen: false };
}

/** From a quote to its end: `'…'`, `"…"`, `$'…'`. */
function quoted(text: string, begin: number): { text: string; end: number; isOpen: boolean } {
  const isAnsi = text[begin] === "$";
  const quote = isAnsi ? "'" : text[begin]!;
  let found = "";
  let at = begin + (isAnsi ? 2 : 1);
  while (at < text.length) {
    const c = text[at]!;
    if (c === quote) return { text: found, end: at + 1, isOpen: false };
    if (c === "\\" && isAnsi) {
      const { text: character, length } = ansi(text, at + 1);
      found += character;
      at += 1 + length;
    } else if (c === "\\" && quote === '"' && '"\\$`\n'.includes(text[at + 1] ?? " ")) {
      if (text[at + 1] !== "\n") found += text[at + 1];
      at += 2;
    } else {
      found += c;
      at += 1;
    }
  }
  return { text: found, end: at, isOpen: true };
}

function ansi(text: string, at: number): { text: string; length: number } {
  const code = /^(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4}))/i.exec(text.slice(at, at + 5));
  if (code) {
    const number = Number.parseInt(code[1] ?? code[2] ?? "", 16);
    return { text: String.fromCodePoint(number), length: code[0].length };
  }
  const c = text[at] ?? "";
  return { text: ESCAPES[c] ?? c, length: 1 };
}

function isInUrl(word: string): boolean {
  return /^(https?:\/\/|[\w.-]+[:/]).*\?/.test(word);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
