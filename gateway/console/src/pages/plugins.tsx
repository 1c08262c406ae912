/** All plugins: where they run, what they cost, and which of them are in trouble. */
import { get } from "../api/client";
import type { Plugin, RouteStatus } from "../api/types";
import { propose } from "../change/propose";
import { href, part } from "../location";
import { bytes, count, microseconds, plural } from "../ui/format";
import { useLoad } from "../ui/load";
import {
  Button,
  Command,
  Empty,
  HealthMark,
  Loading,
  Page,
  Panel,
  Problem,
  Tag,
} from "../ui/parts";
import { Words } from "../ui/words";
import { bundledEdits } from "./plugin/edits";
import { healthOf, serving, short, slowest, total } from "./plugin/facts";
import "./plugin.css";

const EVERY_MS = 3_000;

export function Plugins() {
  const { data, error, again } = useLoad(
    "plugins",
    () => get<Plugin[]>("/api/v1/plugins"),
    EVERY_MS,
  );
  return (
    <Page
      title="Plugins"
      lead="WebAssembly filters: what each may do, where it runs, and what it costs a request.">
      {error !== null && <Problem error={error} retry={again} />}
      {data === null ? (
        error === null && <Loading what="Reading the plugins" />
      ) : data.length === 0 ? (
        <NoPlugins />
      ) : (
        <Panel>
          <div class="scrolls" tabIndex={0} role="region" aria-label="Plugins">
            <Table plugins={data} />
          </div>
        </Panel>
      )}
    </Page>
  );
}

function Table({ plugins }: { plugins: Plugin[] }) {
  return (
    <table class="plugins">
      <thead>
        <tr>
          <th scope="col">Plugin</th>
          <th scope="col">Module</th>
          <th scope="col">Runs in</th>
          <th scope="col" class="number">
            Requests
          </th>
          <th scope="col" class="number">
            p99 of a call
          </th>
          <th scope="col" class="number">
            Traps
          </th>
          <th scope="col" class="number">
            Memory
          </th>
        </tr>
      </thead>
      <tbody>
        {plugins.map(plugin => (
          <Row key={plugin.name} plugin={plugin} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ plugin }: { plugin: Plugin }) {
  const { name, source, version, digest, places, canary, trouble } = plugin;
  const { health, words } = healthOf(plugin);
  const now = serving(plugin);
  const slow = now && slowest(now);
  const off = places.filter(({ enabled }) => !enabled).length;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/plugins/${part(name)}`)}>{name}</a>{" "}
        <HealthMark health={health} label={words} />
        {canary && (
          <>
            {" "}
            <Tag look="off">canary {canary.percent} %</Tag>
          </>
        )}
        {trouble && (
          <div class="lead">
            <Words text={trouble} />
          </div>
        )}
      </th>
      <td>
        {source}
        <div class="lead">
          {version && `${version}, `}
          <code title={digest}>{short(digest)}</code>
        </div>
      </td>
      <td>
        {places.length ? plural(places.length, "place") : "nowhere"}
        {off > 0 && <div class="lead">off in {off}</div>}
      </td>
      <td class="number">{count(total(plugin, "requests"))}</td>
      <td class="number" title={slow?.phase}>
        {microseconds(slow?.p99_us ?? null)}
      </td>
      <td class="number">{count(total(plugin, "traps"))}</td>
      <td class="number">{bytes(total(plugin, "memory_bytes"))}</td>
    </tr>
  );
}

function NoPlugins() {
  const { data } = useLoad("routes", () => get<RouteStatus[]>("/api/v1/routes"));
  return (
    <Empty title="No plugins yet">
      <p>
        A plugin is a WebAssembly filter that sees requests and responses on their way, and may
        change or answer them. It runs in a sandbox: it has the memory, the time and the
        capabilities that the configuration gives it. Portico brings <code>tracing</code>,{" "}
        <code>auth</code> and <code>timeouts</code>.
      </p>
      <Button
        look="primary"
        disabled={!data}
        onClick={() =>
          propose({
            title: "Add the plugin tracing",
            change: {
              edits: bundledEdits(
                "tracing",
                (data ?? []).map(route => route.name),
              ),
            },
            reason: "make every request part of a trace",
          })
        }>
        Add tracing to every route
      </Button>
      <p>Or write one of your own:</p>
      <Command text="portico plugin new my-filter --lang rust" />
    </Empty>
  );
}
