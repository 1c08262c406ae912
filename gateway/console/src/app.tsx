import { useEffect, useRef } from "preact/hooks";

import { isAsked, session, signIn } from "./api/session";
import { link, listen, stop } from "./api/stream";
import { here } from "./location";
import { find } from "./pages";
import { Shell } from "./shell";
import { Loading } from "./ui/parts";

export function App() {
  // Whoever is not known is told nothing; whoever comes in wants to see at once.
  const role = session.value?.role;
  const asked = isAsked.value;
  useEffect(() => {
    if (asked && role !== "none") listen();
    else stop();
  }, [asked, role]);
  // A gateway that has started again does not know the session any more. That it answers is known
  // when the stream is back.
  const now = link.value;
  const attempt = now.state === "lost" ? now.attempt : 0;
  const before = useRef(attempt);
  useEffect(() => {
    if (attempt > 0 || before.current > 0) void signIn();
    before.current = attempt;
  }, [attempt]);
  const { parts, query } = here.value;
  const { Page, args, section } = find(parts);
  return (
    <Shell section={section}>
      {asked ? <Page args={args} query={query} /> : <Loading what="Asking the gateway" />}
    </Shell>
  );
}
