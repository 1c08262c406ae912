/** Where something is written: a link to the line in the editor of the configuration. */
import { href } from "../location";

export function Place({ source, line }: { source: string | null; line: number | null }) {
  if (source === null) return null;
  const file = source.split("/").at(-1);
  return (
    <a class="place" href={placeHref(source, line)} title={`${source}, in the configuration`}>
      {file}
      {line !== null && `:${line}`}
    </a>
  );
}

export function placeHref(source: string, line: number | null): string {
  return href("/configuration", { source, line: line?.toString() });
}
