/** A kept request as a question: to explain it, or to send it once more. */
import type { Whole } from "../../api/traces";
import type { Send } from "../../api/types";
import { isSecret, withoutSecrets } from "../explain/question";

/** Set by whoever sends it, or about one connection or exchange only. */
const NOT_ITS_OWN = [
  "connection",
  "content-length",
  "keep-alive",
  "traceparent",
  "tracestate",
  "baggage",
  "transfer-encoding",
  "x-request-id",
];
const REDACTED = "[redacted]";

export interface Again {
  send: Send;
  /** What is missing compared with the first time. */
  without: string[];
  /** Why it cannot be sent. */
  impossible: string | null;
}

export function again(whole: Whole): Again {
  const { method, scheme, host, target } = whole.summary;
  const own = whole.request.headers.filter(
    ([name]) => !NOT_ITS_OWN.includes(name) && !name.startsWith("x-forwarded-") && name !== "host",
  );
  const kept = own.filter(([, value]) => !value.includes(REDACTED));
  const [path = "/", query] = target.split("?", 2);
  const parameters = query?.split("&") ?? [];
  const known = parameters.filter(parameter => !parameter.includes(REDACTED));
  const without = [
    ...own.filter(([name]) => !kept.some(([other]) => other === name)).map(([name]) => name),
    ...parameters.filter(parameter => !known.includes(parameter)).map(name),
  ];
  const url = `${scheme}://${host}${path}${known.length ? `?${known.join("&")}` : ""}`;
  const headers = kept.map(([name, value]) => `${name}: ${value}`);
  const hasBody = whole.request.body_bytes > 0;
  return {
    send: { method, url, headers },
    without,
    impossible: hasBody ? "Its body is not kept, so it cannot be sent again" : null,
  };
}

/** `#/explain?…`: the same request as a question. */
export function explainAddress(whole: Whole): string {
  const { method, url, headers } = again(whole).send;
  const query = new URLSearchParams({ url: withoutSecrets(url).url, method });
  headers.filter(header => !isSecret(header)).forEach(header => query.append("header", header));
  return `#/explain?${query.toString()}`;
}

function name(parameter: string): string {
  return parameter.split("=", 1)[0] ?? parameter;
}
