/**
 * Reads YAML that is being typed: which keys are where, and what the cursor is in. Text that is half
 * a document must do, so this follows indentation and brackets and knows no more of YAML than that.
 */

export type Step = string | number;

/** A key with what stands behind it. */
export interface Entry {
  path: Step[];
  /** Of the key. */
  from: number;
  to: number;
  /** On its line, without quotes; empty if the value is below. */
  value: string;
}

/** Where the next character goes. */
export interface Place {
  path: Step[];
  /** `value`: behind `key:`. `either`: a new key, or an item that is plain text. */
  kind: "value" | "either" | "text";
  /** Where the word begins that is being typed. */
  from: number;
}

export interface Scanned {
  entries: Entry[];
  place: Place;
}

interface Frame {
  indent: number;
  step: Step;
}

const KEY =
  /^(?:"([^"]*)"|'([^']*)'|([^\s"'#{}[\],&*!|>%@`-][^#{}[\],]*?|-[^\s#][^#]*?))\s*:(?=\s|$)/;
const BLOCK_TEXT = /^[|>][-+0-9]*\s*(#.*)?$/;

/** Reads the text up to `end`, where the cursor is. */
export function scan(text: string, end = text.length): Scanned {
  return new Scanner(text.slice(0, end)).run();
}

class Scanner {
  private readonly entries: Entry[] = [];
  private frames: Frame[] = [];
  private place: Place = { path: [], kind: "either", from: 0 };
  /** Lines deeper than this are text. */
  private textIndent: number | null = null;

  constructor(private readonly text: string) {}

  run(): Scanned {
    let at = 0;
    while (at <= this.text.length) {
      const next = this.text.indexOf("\n", at);
      const end = next < 0 ? this.text.length : next;
      at = this.line(at, end) + 1;
    }
    return { entries: this.entries, place: this.place };
  }

  /** Reads a line, and those that a bracket on it takes in; says where it ends. */
  private line(start: number, end: number): number {
    const line = this.text.slice(start, end);
    const indent = line.length - line.trimStart().length;
    const isLast = end === this.text.length;
    const isBlank = indent === line.length;
    if (this.textIndent !== null && (isBlank || indent > this.textIndent)) {
      if (isLast) this.place = { path: this.path(), kind: "text", from: end };
      return end;
    }
    this.textIndent = null;
    if (line[indent] === "#" || line.startsWith("---")) {
      if (isLast) this.place = { path: this.path(), kind: "text", from: end };
      return end;
    }
    if (isBlank && !isLast) return end;
    const column = this.dashes(line, indent);
    return this.content(start, column, end);
  }

  /** Each `- ` begins an item; says where what is in it begins. */
  private dashes(line: string, indent: number): number {
    let column = indent;
    while (line[column] === "-" && /\s|$/.test(line[column + 1] ?? "")) {
      const kept = this.frames.filter(frame => frame.indent <= column);
      const last = kept.at(-1);
      // A list may stand as deep as the key that it belongs to.
      const isItem = last?.indent === column && typeof last.step === "number";
      const step = isItem ? (last.step as number) + 1 : 0;
      this.frames = [...(isItem ? kept.slice(0, -1) : kept), { indent: column, step }];
      const rest = line.slice(column + 1);
      column += 1 + rest.length - rest.trimStart().length;
    }
    return column;
  }

  private content(start: number, column: number, end: number): number {
    const from = start + column;
    const rest = this.text.slice(from, end);
    const isItem = this.frames.at(-1)?.indent !== undefined && this.isBehindDash(start, from);
    const found = KEY.exec(rest);
    if (!isItem || found) this.leave(column);
    if (!found) return this.value(from, end, "either");
    const key = found[1] ?? found[2] ?? found[3] ?? "";
    this.frames.push({ indent: column, step: key });
    const behind = this.text.slice(from + found[0].length, end);
    const valueFrom = from + found[0].length + behind.length - behind.trimStart().length;
    const value = plain(behind);
    if (BLOCK_TEXT.test(value)) this.textIndent = column;
    this.entries.push({ path: this.path(), from, to: from + key.length, value });
    return this.value(valueFrom, end, "value");
  }

  private isBehindDash(start: number, from: number): boolean {
    return this.text.slice(start, from).includes("-");
  }

  private leave(column: number): void {
    this.frames = this.frames.filter(frame => frame.indent < column);
  }

  /** What stands behind a key or a dash: plain text, or brackets. */
  private value(from: number, end: number, kind: Place["kind"]): number {
    const first = this.text[from];
    if (first === "{" || first === "[") return this.brackets(from);
    if (end === this.text.length) {
      const isComment = /(^|\s)#/.test(this.text.slice(from, end));
      this.place = {
        path: this.path(),
        kind: isComment ? "text" : kind,
        from: Math.min(from, end),
      };
    }
    return end;
  }

  /** Brackets within brackets, over as many lines as they take. */
  private brackets(start: number): number {
    const open: { isMap: boolean; key: string | null; index: number }[] = [];
    const path = () => [
      ...this.path(),
      ...open.flatMap(({ isMap, key, index }): Step[] =>
        isMap ? (key === null ? [] : [key]) : [index],
      ),
    ];
    let word = start;
    let at = start;
    for (; at < this.text.length; at += 1) {
      const char = this.text[at] ?? "";
      const last = open.at(-1);
      if (char === '"' || char === "'") {
        const close = this.text.indexOf(char, at + 1);
        at = close < 0 ? this.text.length : close;
      } else if (char === "{" || char === "[") {
        open.push({ isMap: char === "{", key: null, index: 0 });
        word = at + 1;
      } else if (char === "}" || char === "]") {
        open.pop();
        word = at + 1;
        if (open.length === 0) break;
      } else if (char === "," && last) {
        last.key = null;
        last.index += 1;
        word = at + 1;
      } else if (
        char === ":" &&
        last?.isMap &&
        last.key === null &&
        /\s|$/.test(this.text[at + 1] ?? "")
      ) {
        const raw = this.text.slice(word, at);
        const from = word + raw.length - raw.trimStart().length;
        last.key = raw.trim().replace(/^["']|["']$/g, "");
        const value = /^[^,{}[\]\n]*/.exec(this.text.slice(at + 1))?.[0] ?? "";
        this.entries.push({
          path: path(),
          from,
          to: from + raw.trim().length,
          value: plain(value),
        });
        word = at + 1;
      }
    }
    if (open.length > 0 || at >= this.text.length) {
      const raw = this.text.slice(word);
      const last = open.at(-1);
      const isKey = !last || !last.isMap || last.key === null;
      const from = word + raw.length - raw.trimStart().length;
      this.place = { path: path(), kind: isKey ? "either" : "value", from };
      return this.text.length;
    }
    const next = this.text.indexOf("\n", at);
    if (next < 0) this.place = { path: this.path(), kind: "text", from: this.text.length };
    return next < 0 ? this.text.length : next;
  }

  private path(): Step[] {
    return this.frames.map(({ step }) => step);
  }
}

/** Without comment and quotes. */
function plain(text: string): string {
  const bare = text.replace(/(^|\s)#.*$/, "").trim();
  return /^(".*"|'.*')$/.test(bare) ? bare.slice(1, -1) : bare;
}

/** The names in a list of the document, such as those of `services`. */
export function names(entries: Entry[], list: string): string[] {
  const found = entries.filter(
    ({ path, value }) => path.length === 3 && path[0] === list && path[2] === "name" && value,
  );
  return found.map(({ value }) => value);
}

/** Keys that stand beside the one that would be written at `path`. */
export function siblings(entries: Entry[], path: Step[]): string[] {
  const isBeside = (entry: Entry) =>
    entry.path.length === path.length + 1 && path.every((step, at) => step === entry.path[at]);
  return entries.filter(isBeside).map(entry => String(entry.path.at(-1)));
}

/** The key that is at `position`. */
export function entryAt(entries: Entry[], position: number): Entry | undefined {
  return entries.find(({ from, to }) => from <= position && position <= to);
}
