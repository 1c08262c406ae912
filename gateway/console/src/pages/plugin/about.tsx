/** What a plugin is. */
import type { Plugin } from "../../api/types";
import { Copy, HealthMark } from "../../ui/parts";

export function Facts({ plugin }: { plugin: Plugin }) {
  const { source, version, digest, abi, on_failure, isolation, signature } = plugin;
  return (
    <dl class="plugin-facts">
      <div>
        <dt>Module</dt>
        <dd>{source}</dd>
      </div>
      <div>
        <dt>Version</dt>
        <dd>{version ?? "it does not say"}</dd>
      </div>
      <div>
        <dt>Digest</dt>
        <dd>
          <code class="breaks">{digest}</code> <Copy text={digest} />
        </dd>
      </div>
      <div>
        <dt>Interface</dt>
        <dd>proxy-wasm {abi.replace(/^proxy-wasm /, "")}</dd>
      </div>
      <div>
        <dt>If it fails</dt>
        <dd>
          {on_failure === "open"
            ? "the request goes on without it (open)"
            : "the request fails (closed)"}
        </dd>
      </div>
      <div>
        <dt>Instances</dt>
        <dd>{isolation === "stream" ? "one for each request" : "one for each worker thread"}</dd>
      </div>
      {signature && (
        <div>
          <dt>Signature</dt>
          <dd>
            {signature.signed_by !== null ? (
              <HealthMark health="good" label={`signed by ${signature.signed_by}`} />
            ) : (
              <HealthMark health="bad" label={signature.not_trusted ?? "not signed"} />
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}
