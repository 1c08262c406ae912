/** What one can ask about, made from what this gateway serves. */
import { get } from "../../api/client";
import { overview } from "../../api/stream";
import type { RouteStatus } from "../../api/types";
import { useLoad } from "../../ui/load";
import { Empty } from "../../ui/parts";
import { examples } from "./suggest";

export function Examples({ base, use }: { base: string; use: (text: string) => void }) {
  const { data } = useLoad("routes", () =>
    get<RouteStatus[]>("/api/v1/routes").catch(() => [] as RouteStatus[]),
  );
  const routes = Array.isArray(data) ? data : [];
  const all = examples(routes, overview.value?.addresses ?? [], base);
  return (
    <Empty title="Ask about a request">
      <p>
        Paste what you would type in a terminal, or what a browser copies as curl. The answer comes
        while you type; nothing is sent until you press Send.
      </p>
      <ul class="examples">
        {all.map(example => (
          <li key={example}>
            <button type="button" class="example" onClick={() => use(example)}>
              <code>{example}</code>
            </button>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
