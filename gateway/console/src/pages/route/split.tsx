/** Gives one more service a share of a rule's requests. */
import { useState } from "preact/hooks";

import type { RouteStatus, RuleStatus } from "../../api/types";
import { propose } from "../../change/propose";
import { Button } from "../../ui/parts";
import { ServiceChoice } from "./dark-release";
import { splitEdits } from "./release";

interface Props {
  route: RouteStatus;
  rule: RuleStatus;
  close: () => void;
}

export function Split({ route, rule, close }: Props) {
  const [service, choose] = useState("");
  const [percent, set] = useState(10);
  const send = () =>
    propose({
      title: `Canary of ${service} on route ${route.name}`,
      change: { edits: splitEdits(rule, service, percent) },
      reason: `${percent} % of ${route.name} try ${service}`,
      done: close,
    });
  return (
    <form
      class="route-wizard"
      aria-label="Canary split"
      onKeyDown={event => event.key === "Escape" && close()}
      onSubmit={event => {
        event.preventDefault();
        if (service !== "") send();
      }}>
      <p>
        A share of this rule's requests goes to one more service. Weights become percentages, so
        that they can be read; change them below, under Configuration.
      </p>
      <div class="route-wizard-fields">
        <ServiceChoice
          value={service}
          choose={choose}
          label="To the service"
          but={rule.backends.map(backend => backend.service)}
        />
        <label>
          Share: {percent} %
          <input
            type="range"
            min={1}
            max={99}
            value={percent}
            onInput={event => set(Number(event.currentTarget.value))}
          />
        </label>
      </div>
      <div class="tools">
        <Button type="submit" look="primary" disabled={service === ""}>
          Review change …
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
