/** What runs, what ran before and why it was changed; and the editor. */
import type { PageProps } from "../pages";
import { GenerationPage } from "./configuration/generation";
import { Lazy } from "./configuration/lazy";
import { Timeline } from "./configuration/timeline";
import "./configuration.css";

const loadEditor = () => import("./editor/editor").then(({ EditorPage }) => EditorPage);

export function Configuration({ args: [which], query }: PageProps) {
  if (which === undefined) return <Timeline />;
  return <GenerationPage key={which} number={Number(which)} other={query.get("with")} />;
}

export function ConfigurationEditor(props: PageProps) {
  return <Lazy title="Configuration editor" load={loadEditor} {...props} />;
}
