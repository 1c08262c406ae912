/** How much, how well and how fast over the last ten minutes, of one thing. */
import { get } from "../api/client";
import type { History, Stats } from "../api/types";
import { Curves } from "./curves";
import { useLoad } from "./load";
import { Loading, Panel, Problem } from "./parts";

const WINDOW = "10m";
/** As fine as the history is. */
const EVERY_MS = 5_000;

/** `of`: `service:staff`. */
export function Past({ of, stats }: { of: string; stats: Stats }) {
  const { data, error, again } = useLoad(
    `history ${of}`,
    () => get<History>("/api/v1/history", { of, window: WINDOW }),
    EVERY_MS,
  );
  return (
    <Panel title="Last 10 minutes">
      {data ? (
        <Curves points={data.points} stats={stats} />
      ) : (
        <div class="curves-room">
          {error === null ? (
            <Loading what="Reading the last minutes" />
          ) : (
            <Problem error={error} retry={again} />
          )}
        </div>
      )}
    </Panel>
  );
}
