/** The difference of two texts, as a unified diff that [`parseDiff`](./diff.ts) reads. */

const CONTEXT = 3;

interface Step {
  mark: " " | "-" | "+";
  text: string;
}

export function unified(name: string, before: string, after: string): string {
  if (before === after) return "";
  const steps = compare(lines(before), lines(after));
  const isNear = near(steps);
  const parts: string[] = [];
  let [old, fresh] = [1, 1];
  for (let at = 0; at < steps.length;) {
    let end = at;
    while (end < steps.length && isNear[end]) end += 1;
    const hunk = steps.slice(at, end);
    const olds = hunk.filter(({ mark }) => mark !== "+").length;
    const news = hunk.filter(({ mark }) => mark !== "-").length;
    if (hunk.length > 0) {
      parts.push(`@@ -${old},${olds} +${fresh},${news} @@\n`);
      parts.push(...hunk.map(({ mark, text }) => `${mark}${text}\n`));
    }
    [old, fresh, at] = [old + olds, fresh + news, end];
    for (; at < steps.length && !isNear[at]; at += 1) [old, fresh] = [old + 1, fresh + 1];
  }
  return `--- ${name}\n+++ ${name}\n${parts.join("")}`;
}

function lines(text: string): string[] {
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  return all;
}

/** Which steps are shown: those that change something, and what is around them. */
function near(steps: Step[]): boolean[] {
  const shown = steps.map(() => false);
  steps.forEach(({ mark }, at) => {
    if (mark !== " ") shown.fill(true, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
  });
  return shown;
}

/** What is the same at both ends is set aside, because most changes are small. */
function compare(before: string[], after: string[]): Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const same = (text: string): Step => ({ mark: " ", text });
  return [
    ...before.slice(0, head).map(same),
    ...shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** Myers: the shortest way from one to the other. */
function shortest(before: string[], after: string[]): Step[] {
  const most = before.length + after.length;
  const reach = new Map<number, number>([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    trail.push(new Map(reach));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const isDown = goesDown(reach, diagonal, edits);
      let x = isDown ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
        x += 1;
      reach.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return way(trail, before, after);
    }
  }
  return [];
}

function goesDown(reach: Map<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && (reach.get(diagonal - 1) ?? 0) < (reach.get(diagonal + 1) ?? 0);
}

function way(trail: Map<number, number>[], before: string[], after: string[]): Step[] {
  const steps: Step[] = [];
  let [x, y] = [before.length, after.length];
  for (let edits = trail.length - 1; edits >= 0; edits -= 1) {
    const reach = trail[edits] as Map<number, number>;
    const isDown = goesDown(reach, x - y, edits);
    const from = x - y + (isDown ? 1 : -1);
    const [startX, startY] = [reach.get(from) ?? 0, (reach.get(from) ?? 0) - from];
    while (x > startX && y > startY && x > 0 && y > 0) {
      if (edits > 0 && x === (isDown ? startX : startX + 1) && y === (isDown ? startY + 1 : startY))
        break;
      [x, y] = [x - 1, y - 1];
      steps.unshift({ mark: " ", text: before[x] ?? "" });
    }
    if (edits === 0) break;
    if (isDown) steps.unshift({ mark: "+", text: after[--y] ?? "" });
    else steps.unshift({ mark: "-", text: before[--x] ?? "" });
  }
  return steps;
}
