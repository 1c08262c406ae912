/** What the reader has chosen to see; it stands in the address, so that it can be sent to others. */
import { go, href } from "../location";
import { LABELS, type LabelKind } from "./elements";

export interface Chosen {
  /** Id of a node or a link. */
  selected: string | null;
  find: string;
  hide: string;
  label: LabelKind;
  /** null: nobody has chosen. */
  endpoints: boolean | null;
  view: "graph" | "table" | null;
  particles: boolean;
  /** Seconds since 1970; null is now. */
  at: number | null;
}

export function read(query: URLSearchParams): Chosen {
  const label = LABELS.find(([kind]) => kind === query.get("label"))?.[0] ?? "auto";
  const view = query.get("view");
  const endpoints = query.get("endpoints");
  const at = Number(query.get("at"));
  return {
    selected: query.get("select"),
    find: query.get("find") ?? "",
    hide: query.get("hide") ?? "",
    label,
    endpoints: endpoints === null ? null : endpoints === "yes",
    view: view === "graph" || view === "table" ? view : null,
    particles: query.get("particles") !== "no",
    at: Number.isFinite(at) && at > 0 ? at : null,
  };
}

export function address(chosen: Chosen): string {
  return href("/graph", {
    select: chosen.selected ?? undefined,
    find: chosen.find || undefined,
    hide: chosen.hide || undefined,
    label: chosen.label === "auto" ? undefined : chosen.label,
    endpoints: chosen.endpoints === null ? undefined : chosen.endpoints ? "yes" : "no",
    view: chosen.view ?? undefined,
    particles: chosen.particles ? undefined : "no",
    at: chosen.at === null ? undefined : String(chosen.at),
  });
}

export type Choose = (changes: Partial<Chosen>) => void;

export function choose(before: Chosen, changes: Partial<Chosen>): void {
  go(address({ ...before, ...changes }), "replace");
}
