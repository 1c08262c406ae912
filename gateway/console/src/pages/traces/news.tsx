/** Says that newer requests are there, and shows them only when asked to: rows never move by themselves. */
import { useEffect, useState } from "preact/hooks";

import type { RequestPage } from "../../api/types";
import { requests } from "../../api/traces";
import { link, onRequests } from "../../api/stream";
import { Button } from "../../ui/parts";

/** Not more often than this. */
const EVERY_MS = 2_000;
const MOST = 100;

interface Props {
  q: string;
  /** What is shown. */
  page: RequestPage;
  take: () => void;
  /** Takes them without being asked: nothing is shown that could move. */
  isQuiet?: boolean;
}

export function News({ q, page, take, isQuiet }: Props) {
  const count = useNews(q, page);
  useEffect(() => {
    if (isQuiet && count > 0) take();
  }, [isQuiet, count]);
  if (isQuiet) return null;
  return (
    <span class="news" role="status">
      {count > 0 && (
        <Button look="primary" onClick={take}>
          {count >= MOST ? `${MOST}+` : count} new
        </Button>
      )}
    </span>
  );
}

/** How many requests that match came after those that are shown. */
function useNews(q: string, page: RequestPage): number {
  const [count, keep] = useState(0);
  useEffect(() => {
    keep(0);
    let newest: number | null = null;
    let isStopped = false;
    let hasHeard = false;
    const look = async () => {
      if (document.hidden || (!hasHeard && link.value.state === "live" && newest !== null)) return;
      hasHeard = false;
      const { requests: found } = await requests({ q, sort: "time", limit: MOST });
      if (isStopped) return;
      const seqs = found.map(request => request.seq);
      // The first look says where the list ended, unless it was made of something older.
      newest ??= newestOf(page, seqs);
      keep(seqs.filter(seq => seq > (newest ?? -1)).length);
    };
    const stop = onRequests(() => (hasHeard = true));
    const quietly = () => void look().catch(() => undefined);
    quietly();
    const timer = window.setInterval(quietly, EVERY_MS);
    return () => {
      isStopped = true;
      stop();
      window.clearInterval(timer);
    };
  }, [q, page]);
  return count;
}

function newestOf(page: RequestPage, seqs: number[]): number {
  // All of them are shown: what is newer is what is not among them. Otherwise any may be missing
  // from the page because it is less interesting, and only what comes from now on is new.
  const shown = page.requests.map(request => request.seq);
  const newest = page.next === null ? shown : [...shown, ...seqs];
  return newest.reduce((most, seq) => Math.max(most, seq), -1);
}
