/** Reads unified diffs, as the gateway writes them. */

export interface FileDiff {
  /** The file it is about; empty if the text does not say. */
  name: string;
  hunks: Hunk[];
  added: number;
  removed: number;
}

export interface Hunk {
  lines: DiffLine[];
}

export interface DiffLine {
  kind: "same" | "added" | "removed";
  /** Line numbers, where the line is there. */
  before: number | null;
  after: number | null;
  text: string;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

export function parseDiff(text: string): FileDiff[] {
  const files: FileDiff[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const now = /^\+\+\+ (.*)$/.exec(line);
    if (now) files.push(file(now[1] ?? ""));
    const head = HUNK.exec(line);
    if (!head) continue;
    if (files.length === 0) files.push(file(""));
    const [, from, olds = "1", to, news = "1"] = head;
    const end = readHunk(lines, at + 1, Number(olds), Number(news));
    const hunk = numbered(lines.slice(at + 1, end), Number(from), Number(to));
    const last = files.at(-1);
    if (!last) continue;
    last.hunks.push({ lines: hunk });
    last.added += hunk.filter(({ kind }) => kind === "added").length;
    last.removed += hunk.filter(({ kind }) => kind === "removed").length;
    at = end - 1;
  }
  return files;
}

function file(name: string): FileDiff {
  // `b/config/default.yaml`, and a time behind a tab, are habits of git and diff.
  const plain = name.split("\t")[0] ?? "";
  return { name: plain.replace(/^b\//, ""), hunks: [], added: 0, removed: 0 };
}

/** Where the hunk ends: its head counts its lines, so a line `--- x` in it is no new file. */
function readHunk(lines: string[], from: number, olds: number, news: number): number {
  let at = from;
  while (at < lines.length && (olds > 0 || news > 0)) {
    const mark = lines[at]?.[0] ?? " ";
    if (mark === " " || mark === "-") olds -= 1;
    if (mark === " " || mark === "+") news -= 1;
    at += 1;
  }
  return at;
}

function numbered(lines: string[], before: number, after: number): DiffLine[] {
  return lines
    .filter(line => !line.startsWith("\\"))
    .map(line => {
      const text = line.slice(1);
      if (line.startsWith("+")) return { kind: "added", before: null, after: after++, text };
      if (line.startsWith("-")) return { kind: "removed", before: before++, after: null, text };
      return { kind: "same", before: before++, after: after++, text };
    });
}
