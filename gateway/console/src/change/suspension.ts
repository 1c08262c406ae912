/** Taking a service, a route or an endpoint out of use, and putting it back. */
import type { Edit, Path } from "../api/types";

/** `path`: of the item. A reason suspends it, `null` resumes it. */
export function suspendEdits(path: Path, reason: string | null): Edit[] {
  const at: Path = [...path, "suspended"];
  return [reason === null ? { op: "remove", path: at } : { op: "set", path: at, value: reason }];
}

/** One line of text, as the configuration wants it; null if it says nothing. */
export function reasonText(typed: string): string | null {
  const line = typed.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line === "" ? null : line.slice(0, 200);
}
