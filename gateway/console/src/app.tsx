import { useEffect } from "preact/hooks";

import { listen } from "./api/stream";
import { here } from "./location";
import { find } from "./pages";
import { Shell } from "./shell";

export function App() {
  useEffect(() => listen(), []);
  const { parts, query } = here.value;
  const { Page, args, section } = find(parts);
  return (
    <Shell section={section}>
      <Page args={args} query={query} />
    </Shell>
  );
}
