/** A chart in a sentence. */

interface Named {
  name: string;
  values: (number | null)[];
}

export function describe(
  label: string,
  lines: Named[],
  format: (value: number | null) => string,
): string {
  const said = lines.map(({ name, values }) => {
    const known = values.filter(value => value !== null);
    if (known.length === 0) return `${name}: nothing yet`;
    const newest = format(values.at(-1) ?? null);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    if (least === most) return `${name}: ${newest}`;
    return `${name}: now ${newest}, between ${format(least)} and ${format(most)}`;
  });
  return `${label}. ${said.join("; ")}.`;
}
