/** The page of one thing, once it is known; until then what is missing. */
import type { ComponentType } from "preact";

import { get, Refused } from "../api/client";
import { part } from "../location";
import { Gone } from "./gone";
import { useLoad } from "./load";
import { Loading, Page, Problem } from "./parts";

const EVERY_MS = 2_000;

export interface KnownProps<T> {
  one: T;
  /** Why what is shown may be old. */
  error: unknown;
  again: () => void;
}

/** Reads `/api/v1/KINDs/NAME` again and again. */
export function One<T extends { name: string }>(props: {
  kind: "route" | "service";
  name: string;
  Known: ComponentType<KnownProps<T>>;
}) {
  const { kind, name, Known } = props;
  const { data, error, again } = useLoad(
    `${kind} ${name}`,
    () => get<T>(`/api/v1/${kind}s/${part(name)}`),
    EVERY_MS,
  );
  if (error instanceof Refused && error.status === 404) return <Missing kind={kind} name={name} />;
  if (data) return <Known one={data} error={error} again={again} />;
  return (
    <Page title={name}>
      {error === null ? (
        <Loading what={`Reading the ${kind}`} />
      ) : (
        <Problem error={error} retry={again} />
      )}
    </Page>
  );
}

function Missing({ kind, name }: { kind: "route" | "service"; name: string }) {
  const { data } = useLoad(`${kind}s`, () => get<{ name: string }[]>(`/api/v1/${kind}s`));
  return <Gone kind={kind} name={name} names={(data ?? []).map(one => one.name)} />;
}
