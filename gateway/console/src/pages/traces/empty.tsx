/** Nothing to show, because the search asks for too much. */
import { requests } from "../../api/traces";
import { plural } from "../../ui/format";
import { useLoad } from "../../ui/load";
import { Button, Empty } from "../../ui/parts";
import { terms, without } from "./query";

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
