/** Changes that the gateway holds, but cannot make at the moment: what runs lacks them. */
import { get } from "../api/client";
import type { Configuration } from "../api/types";
import { useLoad } from "../ui/load";
import { HealthMark } from "../ui/parts";
import { Words } from "../ui/words";

/** Nothing while that is not known: it is not what the reader came for. */
export function HeldTroubles() {
  const { data } = useLoad("configuration", () => get<Configuration>("/api/v1/configuration"));
  const inTrouble = data?.held.filter(({ trouble }) => trouble) ?? [];
  if (inTrouble.length === 0) return null;
  return (
    <div class="change-note warn">
      {inTrouble.map(({ at, reason, trouble }) => (
        <div key={at}>
          <p>
            Held in the gateway: <Words text={reason || "without a reason"} />
          </p>
          <HeldTrouble trouble={trouble} />
        </div>
      ))}
    </div>
  );
}

export function HeldTrouble({ trouble }: { trouble: string | null }) {
  if (!trouble) return null;
  return (
    <p>
      <HealthMark health="warn" /> It cannot be made at the moment:{" "}
      <Words text={trouble.replace(/\.$/, "")} />. It is tried again at each reload.
    </p>
  );
}
