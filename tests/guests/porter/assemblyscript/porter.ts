// Porter in AssemblyScript, without an SDK; the README says what it does.

import {
  addHeader, allocate, answer, buffer, continueStream, defineCounter, encode, header, httpCall,
  incrementMetric, print, propertyNumber, removeHeader, say, sayPairs, setBuffer,
  setEffectiveContext, setSharedNumber, sharedNumber, text,
} from "./host";

const REQUEST: u32 = 0;
const RESPONSE: u32 = 2;
const CALL: u32 = 6;
const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const CALL_BODY: u32 = 4;
const CONFIGURATION: u32 = 7;
const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

let metric: u32 = 0;
const bodies = new Set<u32>();
const waiting = new Map<u32, u32>();

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: u32): usize { return allocate(size); }
export function proxy_on_context_create(context: u32, parent: u32): void {}
export function proxy_on_vm_start(context: u32, size: u32): u32 { return 1; }

export function proxy_on_configure(context: u32, size: u32): u32 {
  say("configured with " + text(buffer(CONFIGURATION, size)));
  metric = defineCounter("porter_requests");
  return 1;
}

function count(): void {
  incrementMetric(metric, 1);
  const seen = sharedNumber("seen");
  say("seen " + seen.toString() + " before");
  setSharedNumber("seen", seen + 1);
}

function ask(context: u32): u32 {
  const headers = encode([
    [":method", "GET"], [":path", "/ask?" + header(REQUEST, "x-ask")],
    [":authority", "ask.example"],
  ]);
  const call = httpCall("backend", headers, 1000);
  if (call < 0) {
    say("cannot ask: " + (-1 - call).toString());
    return CONTINUE;
  }
  waiting.set(call as u32, context);
  return PAUSE;
}

export function proxy_on_http_call_response(
  root: u32, call: u32, headers: u32, bodySize: u32, trailers: u32): void {
  if (!waiting.has(call)) return;
  setEffectiveContext(waiting.get(call));
  waiting.delete(call);
  const status = header(CALL, ":status");
  say("answer " + status + " " + text(buffer(CALL_BODY, bodySize)));
  if (status == "200") {
    addHeader(REQUEST, "x-asked", status);
    continueStream(0);
  } else {
    answer(401, "refused", "refused\n");
  }
}

export function proxy_on_request_headers(context: u32, headers: u32, end: u32): u32 {
  say("request with " + headers.toString() + " headers, end " + (end != 0).toString());
  sayPairs("request", REQUEST);
  count();
  const wish = header(REQUEST, "x-porter");
  if (wish == "deny") {
    answer(403, "denied", "denied\n");
    return PAUSE;
  }
  if (wish == "ask") return ask(context);
  if (wish == "body") {
    bodies.add(context);
    removeHeader(REQUEST, "content-length");
  }
  return CONTINUE;
}

export function proxy_on_request_body(context: u32, size: u32, end: u32): u32 {
  say("request body " + size.toString() + ", end " + (end != 0).toString());
  if (!bodies.has(context)) return CONTINUE;
  if (end == 0) return PAUSE;
  setBuffer(REQUEST_BODY, 0, size, text(buffer(REQUEST_BODY, size)).toUpperCase());
  return CONTINUE;
}

export function proxy_on_response_headers(context: u32, headers: u32, end: u32): u32 {
  say("response with " + headers.toString() + " headers, end " + (end != 0).toString());
  sayPairs("response", RESPONSE);
  addHeader(RESPONSE, "x-porter", "passed");
  if (bodies.has(context)) removeHeader(RESPONSE, "content-length");
  return CONTINUE;
}

export function proxy_on_response_body(context: u32, size: u32, end: u32): u32 {
  say("response body " + size.toString() + ", end " + (end != 0).toString());
  if (!bodies.has(context)) return CONTINUE;
  if (end == 0) return PAUSE;
  setBuffer(RESPONSE_BODY, size, 0, "and a line more\n");
  return CONTINUE;
}

export function proxy_on_done(context: u32): u32 { return 1; }

export function proxy_on_log(context: u32): void {
  say("ended with " + propertyNumber("response.code").toString());
  print("goodbye");
}

export function proxy_on_delete(context: u32): void {
  bodies.delete(context);
}
