/** Where a plugin stands in the texts that run, and what is written there. */
import { readConfiguration, readTexts } from "../configuration/read";
import { scan } from "../editor/scan";

export interface Written {
  source: string;
  line: number;
  /** By their path below the plugin: `canary.file`. */
  fields: Map<string, string>;
}

/** @throws Error in words if it is nowhere. */
export async function findWritten(name: string): Promise<Written> {
  const { running } = await readConfiguration();
  const texts = running ? (await readTexts(running.generation)).texts : [];
  for (const { source, text } of texts) {
    const found = inText(text, name);
    if (found) return { source, ...found };
  }
  throw new Error(`The texts that run do not name the plugin ${name}.`);
}

export function inText(text: string, name: string): Omit<Written, "source"> | null {
  const { entries } = scan(text);
  const own = entries.find(
    ({ path, value }) =>
      path.length === 3 && path[0] === "plugins" && path[2] === "name" && value === name,
  );
  if (!own) return null;
  const below = entries.filter(({ path }) => path[0] === "plugins" && path[1] === own.path[1]);
  const fields = new Map(below.map(({ path, value }) => [path.slice(2).join("."), value]));
  return { line: text.slice(0, own.from).split("\n").length, fields };
}
