/** What pages are made of. Looks are in `styles/parts.css`, under the same names. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Words } from "./words";

type Children = { children?: ComponentChildren };

/** A page: one heading, what can be done with all of it, and its panels. */
export function Page(
  props: Children & { title: string; lead?: ComponentChildren; tools?: ComponentChildren },
) {
  useEffect(() => {
    document.title = `${props.title} · Portico`;
  }, [props.title]);
  return (
    <main class="page" id="main" tabIndex={-1}>
      <header class="page-head">
        <div>
          <h1>{props.title}</h1>
          {props.lead && <p class="lead">{props.lead}</p>}
        </div>
        {props.tools && <div class="tools">{props.tools}</div>}
      </header>
      {props.children}
    </main>
  );
}

export function Panel(
  props: Children & { title?: string; tools?: ComponentChildren; class?: string },
) {
  return (
    <section class={`panel ${props.class ?? ""}`} aria-label={props.title}>
      {(props.title || props.tools) && (
        <header class="panel-head">
          {props.title && <h2>{props.title}</h2>}
          {props.tools && <div class="tools">{props.tools}</div>}
        </header>
      )}
      {props.children}
    </section>
  );
}

type ButtonProps = JSX.IntrinsicElements["button"] & {
  look?: "plain" | "primary" | "danger" | "quiet";
};

export function Button({ look = "plain", class: extra, ...rest }: ButtonProps) {
  return <button type="button" {...rest} class={`button ${look} ${extra ?? ""}`} />;
}

/** How something is, by shape and word as well as by colour. */
export type Health = "good" | "warn" | "bad" | "idle" | "off";

const SHAPES: Record<Health, string> = { good: "●", warn: "▲", bad: "◆", idle: "○", off: "■" };

export function HealthMark({ health, label }: { health: Health; label?: string }) {
  return (
    <span class={`health ${health}`}>
      <span aria-hidden="true">{SHAPES[health]}</span>
      {label ? <span>{label}</span> : <span class="unseen">{health}</span>}
    </span>
  );
}

export function Tag(props: Children & { look?: Health | "plain"; title?: string }) {
  return (
    <span class={`tag ${props.look ?? "plain"}`} title={props.title}>
      {props.children}
    </span>
  );
}

/** An empty state that acts: what is missing, why, and what to do about it. */
export function Empty(props: Children & { title: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      {what} …
    </p>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const words = error instanceof Error ? error.message : String(error);
  return (
    <div class="problem" role="alert">
      <HealthMark health="bad" /> <Words text={words} />{" "}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    const own = button.current;
    if (!own) return;
    own.textContent = "Copied";
    window.setTimeout(() => (own.textContent = label), 1_500);
  };
  return (
    <button type="button" class="button quiet" ref={button} onClick={() => void copy()}>
      {label}
    </button>
  );
}

/** A line to type elsewhere. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} />
    </div>
  );
}

/** A modal dialog: Escape closes it, the focus stays inside and comes back. */
export function Dialog(props: Children & { title: string; close: () => void; wide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const own = dialog.current;
    own?.showModal?.();
    return () => own?.close?.();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={props.wide ? "wide" : ""}
      aria-label={props.title}
      onCancel={event => {
        event.preventDefault();
        props.close();
      }}>
      <header class="dialog-head">
        <h2>{props.title}</h2>
        <Button look="quiet" aria-label="Close" onClick={props.close}>
          ✕
        </Button>
      </header>
      {props.children}
    </dialog>
  );
}
