/** A moment of the timeline. */
import { ago, clock } from "../../ui/format";
import { useNow } from "../../ui/now";

export function When({ at }: { at: string }) {
  const now = useNow(5_000);
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={new Date(ms).toLocaleString()}>
      {clock(ms)}, {ago(ms, now)}
    </time>
  );
}
