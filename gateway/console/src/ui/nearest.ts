/** Names that somebody may have meant. */

const MOST = 3;

/** The nearest first; none if all are far from it. */
export function nearest(name: string, names: string[]): string[] {
  const wanted = name.toLowerCase();
  return names
    .map(other => ({ other, far: far(wanted, other.toLowerCase()) }))
    .filter(({ far }) => far <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.far - b.far)
    .slice(0, MOST)
    .map(({ other }) => other);
}

/** One in the other is near; otherwise how many letters differ. */
function far(one: string, other: string): number {
  if (one.length > 2 && other.includes(one)) return 0.5;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
