/** What is around every page: the name, the sections, who I am, and whether what is shown is fresh. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session } from "./api/session";
import { isStale, link, overview } from "./api/stream";
import { ChangeDialog } from "./change/dialog";
import { here } from "./location";
import { SignInForm } from "./pages/sign-in";
import { Keys } from "./shell/keys-dialog";
import { Corner } from "./shell/corner";
import { ago } from "./ui/format";
import { useNow } from "./ui/now";
import { HealthMark, Page } from "./ui/parts";
import { Toasts } from "./ui/toast";
import "./shell/shell.css";

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
  const isOut = session.value?.role === "none" && here.value.parts[0] !== "sign-in";
  useFocusOnNewPage();
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </button>
      <div class="top">
        <header class="top-bar">
          <a class="brand" href="#/">
            Portico
          </a>
          <Sections now={props.section} />
          <Running />
          <Corner />
        </header>
        {!isOut && <Stale />}
      </div>
      <div class={isStale.value && !isOut ? "content is-stale" : "content"}>
        {isOut ? <SignedOut /> : props.children}
      </div>
      <ChangeDialog />
      <Keys />
      <Toasts />
    </>
  );
}

function Sections({ now }: { now: string }) {
  const nav = useRef<HTMLElement>(null);
  // On a narrow screen the bar scrolls, and where one is must be seen.
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (!nav.current || !current) return;
    const middle = current.offsetLeft + current.offsetWidth / 2;
    nav.current.scrollLeft = middle - nav.current.offsetLeft - nav.current.clientWidth / 2;
  }, [now]);
  return (
    <nav aria-label="Sections" ref={nav}>
      {SECTIONS.map(([section, to, label]) => (
        <a key={section} href={to} aria-current={section === now ? "page" : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

function Running() {
  const now = overview.value;
  if (!now) return null;
  return (
    <a class="running" href="#/configuration">
      {now.state === "serving" ? "" : `${now.state}, `}
      generation {now.generation ?? "–"}
    </a>
  );
}

/** The words do not change while it lasts, so that they are read out once. */
function Stale() {
  const now = link.value;
  return (
    <div role="alert">
      {now.state === "lost" && (
        <p class="stale">
          <HealthMark health="warn" /> The gateway does not answer. What is shown is old
          <Since since={now.since} />; trying again …
        </p>
      )}
    </div>
  );
}

function Since({ since }: { since: number }) {
  const now = useNow();
  return <span aria-hidden="true">: it is from {ago(since, now)}</span>;
}

function SignedOut() {
  return (
    <Page title="Sign in" lead="The gateway shows itself to whoever it knows.">
      <SignInForm />
    </Page>
  );
}

/** A page that was gone to by a key or a link is read from its heading, not from where the focus was. */
function useFocusOnNewPage(): void {
  const { path } = here.value;
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    // The focus would scroll, too: until the page's heading is under the bar that stays.
    if (document.activeElement === document.body) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    window.scrollTo(0, 0);
  }, [path]);
}
