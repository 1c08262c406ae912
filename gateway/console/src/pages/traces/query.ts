/** The text of the search box as terms. The gateway knows what they mean; this only splits. */

/** Words are apart by white space; double quotes hold words together. */
export function terms(text: string): string[] {
  const found: string[] = [];
  let word = "";
  let isInside = false;
  for (const c of text) {
    if (c === '"') isInside = !isInside;
    if (/\s/.test(c) && !isInside) {
      if (word) found.push(word);
      word = "";
    } else word += c;
  }
  if (word) found.push(word);
  return found;
}

export function has(text: string, term: string): boolean {
  return terms(text).some(other => isSame(other, term));
}

/** With the term if it was not there, without it if it was. */
export function toggle(text: string, term: string): string {
  const all = terms(text);
  const rest = all.filter(other => !isSame(other, term));
  return (rest.length < all.length ? rest : [...all, term]).join(" ");
}

export function without(text: string, index: number): string {
  return terms(text)
    .filter((_, at) => at !== index)
    .join(" ");
}

/** The same key once: `route:a` in place of `route:b`; an empty value takes it away. */
export function replace(text: string, key: string, value: string): string {
  const rest = terms(text).filter(term => !term.toLowerCase().startsWith(`${key}:`));
  return (value === "" ? rest : [...rest, keyed(key, value)]).join(" ");
}

export function valueOf(text: string, key: string): string | null {
  const found = terms(text).find(term => term.toLowerCase().startsWith(`${key}:`));
  return found ? found.slice(key.length + 1).replaceAll('"', "") : null;
}

/** `route:staff`, `route:"two words"` */
export function keyed(key: string, value: string): string {
  return /\s/.test(value) ? `${key}:"${value}"` : `${key}:${value}`;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
