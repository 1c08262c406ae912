/** A long list of things with a box that finds some of them by name. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

import { plural } from "./format";
import { Panel } from "./parts";
import "./listing.css";

interface Props<T extends { name: string }> {
  title: string;
  /** In the order in which they are worth a look. */
  all: T[];
  /** What is searched. */
  words: (item: T) => string;
  head: ComponentChildren;
  row: (item: T) => ComponentChildren;
  one: string;
}

/** More rows make a page slow, and nobody reads them. */
const MOST = 300;

export function Listing<T extends { name: string }>(props: Props<T>) {
  const { title, words, head, row, one } = props;
  const [typed, type] = useState("");
  const { all, hold } = useStill(props.all);
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
      <div class="listing" tabIndex={0} role="group" aria-label={title} {...hold}>
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

/** While the mouse or the focus is on them, rows stay where they are; only their numbers change. */
function useStill<T extends { name: string }>(newest: T[]) {
  const isPointed = useRef(false);
  const hasFocus = useRef(false);
  const order = useRef<string[]>([]);
  const all = isPointed.current || hasFocus.current ? inOrder(newest, order.current) : newest;
  order.current = all.map(({ name }) => name);
  const hold = {
    onMouseEnter: () => (isPointed.current = true),
    onMouseLeave: () => (isPointed.current = false),
    onFocusIn: () => (hasFocus.current = true),
    onFocusOut: () => (hasFocus.current = false),
  };
  return { all, hold };
}

/** What is not in `order` comes last. */
export function inOrder<T extends { name: string }>(all: T[], order: string[]): T[] {
  const places = new Map(order.map((name, at) => [name, at] as const));
  const place = ({ name }: T) => places.get(name) ?? order.length;
  return [...all].sort((a, b) => place(a) - place(b));
}
