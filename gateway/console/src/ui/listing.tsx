/** A long list of things with a box that finds some of them by name. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { plural } from "./format";
import { Panel } from "./parts";
import "./listing.css";

interface Props<T> {
  title: string;
  all: T[];
  /** What is searched. */
  words: (item: T) => string;
  head: ComponentChildren;
  row: (item: T) => ComponentChildren;
  one: string;
}

/** More rows make a page slow, and nobody reads them. */
const MOST = 300;

export function Listing<T>({ title, all, words, head, row, one }: Props<T>) {
  const [typed, type] = useState("");
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(item => {
    const text = words(item).toLowerCase();
    return wanted.every(word => text.includes(word));
  });
  const box = (
    <input
      type="search"
      aria-label={`Find a ${one}`}
      placeholder={`Find a ${one}`}
      value={typed}
      onInput={event => type(event.currentTarget.value)}
    />
  );
  return (
    <Panel title={title} {...(all.length > 5 && { tools: box })}>
      <div class="listing" tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>{head}</thead>
          <tbody>{found.slice(0, MOST).map(row)}</tbody>
        </table>
      </div>
      {found.length === 0 && <p class="lead listing-none">None has “{typed}” in it.</p>}
      {found.length > MOST && <p class="lead">and {plural(found.length - MOST, "more", "more")}</p>}
    </Panel>
  );
}
