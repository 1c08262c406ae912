// A filter for proxy-wasm hosts: greets on every answer and, where it has a key, lets only
// requests through that carry it.

// What the host calls; the SDK leads it to the classes below.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  makeHeaderPair,
  registerRootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { setLogLevel } from "@gcoredev/proxy-wasm-sdk-as/assembly/fastedge";
import { log } from "./log";
import { Settings } from "./settings";

// The SDK's own lines go to standard output, whatever their level. Those of this filter are in
// log.ts.
setLogLevel(LogLevelValues.critical);

// Lives as long as the filter is configured: one for each configuration.
class Root extends RootContext {
  settings: Settings = new Settings();

  // Reads the plugin's configuration. Answering false refuses it: the host then says what was
  // logged, and goes on with what ran before.
  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    const problem = this.settings.parse(this.getConfiguration());
    if (problem != "") log(LogLevelValues.error, problem);
    return problem == "";
  }

  createContext(id: u32): Context {
    return new Request(id, this);
  }
}

// Lives as long as one request.
class Request extends Context {
  settings: Settings;

  constructor(id: u32, root: Root) {
    super(id, root);
    this.settings = root.settings;
  }

  onRequestHeaders(_count: u32, _end_of_stream: bool): FilterHeadersStatusValues {
    if (this.settings.key == "") return FilterHeadersStatusValues.Continue;
    const headers = stream_context.headers.request;
    if (headers.get("x-api-key") == this.settings.key) {
      // The service behind has no use for it.
      headers.remove("x-api-key");
      return FilterHeadersStatusValues.Continue;
    }
    log(LogLevelValues.info, "refused: no key, or not the right one");
    const body = String.UTF8.encode("401 a key is needed in x-api-key\n");
    send_http_response(401, "", body, [makeHeaderPair("content-type", "text/plain")]);
    // After a response of one's own, nothing goes on.
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseHeaders(_count: u32, _end_of_stream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace("x-hello", this.settings.greeting);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32): RootContext => new Root(id), "my-filter");
