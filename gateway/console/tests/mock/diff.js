// @ts-check
/** A unified diff of two texts, as the gateway sends it. */

const AROUND = 3;

/** @param {string} name @param {string} before @param {string} after @returns {string} */
export function unified(name, before, after) {
  if (before === after) return "";
  const steps = compare(before.split("\n").slice(0, -1), after.split("\n").slice(0, -1));
  const changed = steps.flatMap(({ mark }, at) => (mark === " " ? [] : [at]));
  /** @type {[number, number][]} */
  const hunks = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    if (last && at - last[1] <= 2 * AROUND) last[1] = at;
    else hunks.push([at, at]);
  }
  const text = hunks.map(([from, to]) => hunk(steps, Math.max(0, from - AROUND), to + AROUND + 1));
  return `--- ${name}\n+++ ${name}\n${text.join("")}`;
}

/** @typedef {{ mark: " " | "-" | "+", line: string, old: number, now: number }} Step */

/** @param {Step[]} steps @param {number} from @param {number} to */
function hunk(steps, from, to) {
  const part = steps.slice(from, to);
  const first = part[0] ?? { old: 1, now: 1 };
  const olds = part.filter(({ mark }) => mark !== "+").length;
  const news = part.filter(({ mark }) => mark !== "-").length;
  const lines = part.map(({ mark, line }) => `${mark}${line}\n`).join("");
  return `@@ -${first.old},${olds} +${first.now},${news} @@\n${lines}`;
}

/** @param {string[]} before @param {string[]} after @returns {Step[]} */
function compare(before, after) {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - same;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const [a, b] = [before.slice(same, before.length - end), after.slice(same, after.length - end)];
  const marks = longestCommon(a, b);
  /** @type {[" " | "-" | "+", string][]} */
  const all = [
    ...before.slice(0, same).map(line => /** @type {[" ", string]} */ ([" ", line])),
    ...marks,
    ...before.slice(before.length - end).map(line => /** @type {[" ", string]} */ ([" ", line])),
  ];
  let [old, now] = [1, 1];
  return all.map(([mark, line]) => {
    const step = { mark, line, old, now };
    if (mark !== "+") old += 1;
    if (mark !== "-") now += 1;
    return step;
  });
}

/** @param {string[]} a @param {string[]} b @returns {[" " | "-" | "+", string][]} */
function longestCommon(a, b) {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const length = (/** @type {number} */ i, /** @type {number} */ j) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      /** @type {Uint32Array} */ (lengths[i])[j] =
        a[i] === b[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
  /** @type {[" " | "-" | "+", string][]} */
  const steps = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push([" ", a[i] ?? ""]);
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || length(i + 1, j) >= length(i, j + 1))) {
      steps.push(["-", a[i++] ?? ""]);
    } else steps.push(["+", b[j++] ?? ""]);
  }
  return steps;
}
