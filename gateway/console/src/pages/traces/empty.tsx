/** Nothing to show: because nothing came, or because the search asks for too much. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import { overview } from "../../api/stream";
import { requests, send } from "../../api/traces";
import { plural } from "../../ui/format";
import { useLoad } from "../../ui/load";
import { Button, Command, Empty, Problem } from "../../ui/parts";
import { terms, without } from "./query";

const TIMES = 10;

export function NoTraffic({ note, done }: { note: string | null; done: () => void }) {
  const [isBusy, work] = useState(false);
  const [error, fail] = useState<unknown>(null);
  const address = overview.value?.addresses.find(({ url }) => url !== null);
  const url = address?.url;
  const try10 = async () => {
    if (!url) return;
    work(true);
    fail(null);
    try {
      await send({ method: "GET", url, headers: [], times: TIMES });
      done();
    } catch (error) {
      fail(error);
    } finally {
      work(false);
    }
  };
  return (
    <Empty title="No request has come yet">
      {note && <p>{note}</p>}
      <p>
        Every request shows up here as soon as it is answered: what it met, where its time went, and
        why it failed.
      </p>
      {address && <Command text={address.curl} />}
      {url && (
        <Button
          look="primary"
          disabled={isBusy || !mayChange.value}
          title={mayChange.value ? undefined : "Operators may send requests"}
          onClick={() => void try10()}>
          {isBusy ? "Sending …" : `Send ${TIMES} requests`}
        </Button>
      )}
      {error !== null && <Problem error={error} />}
    </Empty>
  );
}

/** The most conditions for which it is looked up what they leave out. */
const LOOKED_UP = 6;

interface NoMatchProps {
  q: string;
  searched: number;
  change: (q: string) => void;
}

/** Says for each condition how many there were without it. */
export function NoMatch({ q, searched, change }: NoMatchProps) {
  const all = terms(q).slice(0, LOOKED_UP);
  const { data } = useLoad(`without\n${q}`, () =>
    Promise.all(
      all.map(async (term, at) => {
        const rest = without(q, at);
        const { matches } = await requests({ q: rest, limit: 1 });
        return { term, rest, matches };
      }),
    ),
  );
  const helpful = (data ?? []).filter(({ matches }) => matches > 0);
  helpful.sort((one, other) => other.matches - one.matches);
  return (
    <Empty title={`None of ${plural(searched, "kept request")} matches`}>
      {helpful.length > 0 && all.length > 1 && (
        <ul class="drop">
          {helpful.map(({ term, rest, matches }) => (
            <li key={term}>
              <Button onClick={() => change(rest)}>
                Drop <code>{term}</code>
              </Button>{" "}
              {plural(matches, "request")} without it
            </li>
          ))}
        </ul>
      )}
      {data && helpful.length === 0 && all.length > 1 && (
        <p>Dropping one condition does not help; several of them match nothing together.</p>
      )}
      <Button onClick={() => change("")}>Show all {searched}</Button>
    </Empty>
  );
}
