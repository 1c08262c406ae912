/** The plugins on the way of a route's requests, each with its switch. */
import { mayChange } from "../../api/session";
import type { Effective, RouteStatus } from "../../api/types";
import { written } from "../../change/draft";
import { propose } from "../../change/propose";
import { href, part } from "../../location";
import { Button, HealthMark } from "../../ui/parts";
import { pluginSteps, type PluginStep } from "./release";

export function Plugins({ route, effective }: { route: RouteStatus; effective: Effective }) {
  const steps = pluginSteps(effective.path, written(effective)).filter(
    // With one rule only, the route's switch says it all.
    ({ rule, offBy, plugin }, _, all) =>
      rule === null ||
      route.rules.length > 1 ||
      offBy === "rule" ||
      !all.some(other => other.rule === null && other.plugin === plugin),
  );
  if (steps.length === 0) return null;
  return (
    <div class="route-plugins">
      <h3>Plugins on the way</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">Plugin</th>
            <th scope="col">Where</th>
            <th scope="col">State</th>
            {mayChange.value && (
              <th scope="col">
                <span class="unseen">Switch</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {steps.map((step, at) => (
            <Row key={at} step={step} route={route} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ step, route }: { step: PluginStep; route: RouteStatus }) {
  const { plugin, rule, offBy, edits } = step;
  const where = rule === null ? "the whole route" : `rule ${route.rules[rule]?.name ?? rule}`;
  const turn = offBy === null ? "off" : "on";
  const flip = () =>
    propose({
      title: `Switch plugin ${plugin} ${turn} for ${where} of ${route.name}`,
      change: { edits },
      reason: `${plugin} is switched ${turn} for ${where} of ${route.name}`,
    });
  return (
    <tr>
      <td>
        <a href={href(`/plugins/${part(plugin)}`)}>{plugin}</a>
      </td>
      <td>{where}</td>
      <td>
        <HealthMark health={offBy === null ? "good" : "off"} label={stateOf(step)} />
      </td>
      {mayChange.value && (
        <td class="number">
          {edits.length > 0 && (
            <Button onClick={flip}>
              Switch {turn} …{" "}
              <span class="unseen">
                {plugin} for {where}
              </span>
            </Button>
          )}
        </td>
      )}
    </tr>
  );
}

function stateOf({ rule, offBy }: PluginStep): string {
  if (offBy === null) return "on";
  return rule === null ? "off" : `off, by the ${offBy}`;
}
