/** The frame of a form that opens under a rule: Escape closes it, Enter goes on. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { get } from "../../api/client";
import type { ServiceStatus } from "../../api/types";
import { useLoad } from "../../ui/load";
import { Button } from "../../ui/parts";

interface Props {
  label: string;
  isReady: boolean;
  send: () => void;
  close: () => void;
  children: ComponentChildren;
}

export function Wizard({ label, isReady, send, close, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("select, input")?.focus(), []);
  return (
    <form
      ref={form}
      class="route-wizard"
      aria-label={label}
      onKeyDown={event => event.key === "Escape" && close()}
      onSubmit={event => {
        event.preventDefault();
        if (isReady) send();
      }}>
      {children}
      <div class="tools">
        <Button type="submit" look="primary" disabled={!isReady}>
          Review change …
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  value: string;
  choose: (service: string) => void;
  label: string;
  /** Not offered. */
  but?: string[];
}

export function ServiceChoice({ value, choose, label, but = [] }: ChoiceProps) {
  const { data } = useLoad("services", () => get<ServiceStatus[]>("/api/v1/services"));
  const names = (data ?? []).map(({ name }) => name).filter(name => !but.includes(name));
  return (
    <label>
      {label}
      <select value={value} onChange={event => choose(event.currentTarget.value)}>
        <option value="">choose …</option>
        {names.map(name => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
