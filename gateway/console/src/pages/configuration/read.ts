/** What the timeline says of a generation. */
import { get } from "../../api/client";
import type {
  Configuration,
  Edit,
  Generation,
  GenerationTexts,
  Path,
  Rejection,
} from "../../api/types";
import { unified } from "../../ui/unified";

export const readConfiguration = () => get<Configuration>("/api/v1/configuration");

export const readTexts = (number: number) =>
  get<GenerationTexts>(`/api/v1/configuration/generations/${number}`);

const ORIGINS: Record<string, string> = {
  start: "at the start",
  file: "the source has changed",
  admin: "over the admin API",
  signal: "by a signal",
  module: "a plugin's module has changed",
};

/** Why it came to be, in words. */
export function originWords(origin: string): string {
  const back = /^rollback to (\d+)$/.exec(origin);
  return back ? `back to generation ${back[1]}` : (ORIGINS[origin] ?? origin);
}

/** Whether what was refused was read from the file. A change that was refused has an author. */
export function isFileRefused({ origin, author }: Pick<Rejection, "origin" | "author">): boolean {
  return author === null && ["start", "file", "admin", "signal"].includes(origin);
}

/** One difference for all files of two generations. */
export function differenceOf(before: GenerationTexts, after: GenerationTexts): string {
  const names = [...before.texts, ...after.texts].map(({ source }) => source);
  const textOf = (of: GenerationTexts, name: string) =>
    of.texts.find(({ source }) => source === name)?.text ?? "";
  return [...new Set(names)]
    .map(name => unified(name, textOf(before, name), textOf(after, name)))
    .join("");
}

/** `set routes.staff.timeout to 1s`: the edit as one would say it. */
export function editWords(edit: Edit): string {
  const place = pathWords(edit.path);
  if (edit.op === "remove") return `remove ${place}`;
  const value = typeof edit.value === "string" ? edit.value : JSON.stringify(edit.value);
  return edit.op === "set" ? `set ${place} to ${value}` : `insert ${value} into ${place}`;
}

export function pathWords(path: Path): string {
  const word = (step: Path[number]) =>
    typeof step === "object" ? Object.values(step).join(" ") : String(step);
  return path.map(word).join(".");
}

/** The generation that a held change made: the first that was applied when it was already held. */
export function generationOf(history: Generation[], at: string): Generation | undefined {
  const since = Date.parse(at);
  return history.find(generation => Date.parse(generation.at) >= since);
}

/** The one before, if it is kept. */
export function before(history: Generation[], number: number): Generation | undefined {
  return history.filter(({ generation }) => generation < number).at(-1);
}
