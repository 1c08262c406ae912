/** What is around every page: the name, the sections, who I am, and whether what is shown is fresh. */
import type { ComponentChildren } from "preact";

import { session } from "./api/session";
import { link, overview } from "./api/stream";
import { ago } from "./ui/format";
import { HealthMark } from "./ui/parts";
import { Toasts } from "./ui/toast";

const SECTIONS = [
  ["overview", "#/", "Overview"],
  ["graph", "#/graph", "Graph"],
  ["routes", "#/routes", "Routes"],
  ["services", "#/services", "Services"],
  ["traces", "#/traces", "Traces"],
  ["explain", "#/explain", "Explain"],
  ["plugins", "#/plugins", "Plugins"],
  ["configuration", "#/configuration", "Configuration"],
] as const;

export function Shell(props: { section: string; children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          Portico
        </a>
        <nav aria-label="Sections">
          {SECTIONS.map(([section, to, label]) => (
            <a
              key={section}
              href={to}
              aria-current={section === props.section ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <Now />
        <Who />
      </header>
      <Stale />
      {props.children}
      <Toasts />
    </>
  );
}

function Now() {
  const now = overview.value;
  if (!now) return null;
  return (
    <span class="now">
      generation <a href="#/configuration">{now.generation ?? "–"}</a>
    </span>
  );
}

function Who() {
  const who = session.value;
  if (!who) return null;
  if (who.role === "none") return <a href="#/sign-in">Sign in</a>;
  return <a href="#/sign-in">{who.name ?? who.role}</a>;
}

function Stale() {
  const now = link.value;
  if (now.state !== "lost") return null;
  return (
    <p class="stale" role="alert">
      <HealthMark health="warn" /> The gateway does not answer. What is shown is from{" "}
      {ago(now.since)}; trying again …
    </p>
  );
}
