/** Reads a curl line: which request it would make. What is not about the request is named. */
import type { Question } from "./question";
import { split } from "./shell";

export interface Read {
  question: Question | null;
  /** What was ignored or assumed, in sentences. */
  notes: string[];
  /** Why there is no question. */
  problem: string | null;
}

/** Short options with a value, and the long ones that they stand for. */
const SHORT: Record<string, string> = {
  A: "user-agent",
  F: "form",
  G: "get",
  H: "header",
  I: "head",
  T: "upload-file",
  X: "request",
  b: "cookie",
  d: "data",
  e: "referer",
  u: "user",
};
/** Change nothing about which rule a request meets. Those in the second list have a value. */
const QUIET_SHORT = "kisSvLfgjlnNpqQRZ#0123456aJMOB";
const QUIET_SHORT_WITH_VALUE = "cCDEKmoPrtUwxyYz";
const QUIET =
  "compressed-ssh fail fail-with-body globoff http0.9 http1.0 http1.1 http2 http2-prior-knowledge " +
  "http3 include insecure ipv4 ipv6 location location-trusted no-buffer no-keepalive " +
  "no-progress-meter path-as-is progress-bar remote-name show-error silent tcp-nodelay tlsv1.2 " +
  "tlsv1.3 verbose";
const QUIET_WITH_VALUE =
  "cacert cert connect-timeout cookie-jar dump-header interface key keepalive-time limit-rate " +
  "max-redirs max-time noproxy output proxy range resolve retry retry-delay retry-max-time " +
  "connect-to trace trace-ascii unix-socket write-out";
const WITH_VALUE =
  "cookie data data-ascii data-binary data-raw data-urlencode form form-string header json referer " +
  "request upload-file url url-query user user-agent oauth2-bearer request-target";
const FLAGS = "compressed get head next";

const set = (words: string) => new Set(words.split(" "));
const QUIETS = set(QUIET);
const QUIETS_WITH_VALUE = set(QUIET_WITH_VALUE);
const WITH_VALUES = set(WITH_VALUE);
const KNOWN_FLAGS = set(FLAGS);

interface State {
  method: string | null;
  urls: string[];
  headers: string[];
  data: string[];
  query: string[];
  isGet: boolean;
  isHead: boolean;
  isForm: boolean;
  notes: string[];
}

export function readCurl(text: string): Read {
  const { words, end, isOpen } = split(text.trim().replace(/^[$>#]\s+/, ""));
  const state: State = {
    method: null,
    urls: [],
    headers: [],
    data: [],
    query: [],
    isGet: false,
    isHead: false,
    isForm: false,
    notes: [],
  };
  if (isOpen) state.notes.push("A quote is not closed.");
  if (end) state.notes.push(`What stands behind \`${end}\` is for the shell, not for curl.`);
  options(words.slice(1), state);
  return asked(state);
}

function options(words: string[], state: State): void {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === "--next") {
      state.notes.push("`--next` begins another request; only the first is looked at.");
      return;
    }
    if (word.startsWith("--") && word.length > 2) at += long(word.slice(2), words[at + 1], state);
    else if (word.startsWith("-") && word.length > 1)
      at += short(word.slice(1), words[at + 1], state);
    else state.urls.push(word);
  }
}

/** How many of the next words it took. */
function long(word: string, next: string | undefined, state: State): number {
  const [name = word, joined] = word.split(/=(.*)/s, 2);
  if (QUIETS.has(name) || QUIETS.has(name.replace(/^no-/, ""))) return 0;
  if (KNOWN_FLAGS.has(name)) {
    take(name, "", state);
    return 0;
  }
  const hasValue = WITH_VALUES.has(name) || QUIETS_WITH_VALUE.has(name);
  if (!hasValue) {
    state.notes.push(`curl's option \`--${name}\` is not known here and is ignored.`);
    return 0;
  }
  const value = joined ?? next;
  if (value === undefined) state.notes.push(`\`--${name}\` has no value.`);
  else if (WITH_VALUES.has(name)) take(name, value, state);
  return joined === undefined ? 1 : 0;
}

/** `sSLX` as four options; the value may follow at once or as the next word. */
function short(letters: string, next: string | undefined, state: State): number {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at]!;
    const rest = letters.slice(at + 1);
    if (QUIET_SHORT_WITH_VALUE.includes(letter)) return rest === "" ? 1 : 0;
    if (QUIET_SHORT.includes(letter)) continue;
    const name = SHORT[letter];
    if (!name) {
      state.notes.push(`curl's option \`-${letter}\` is not known here and is ignored.`);
      continue;
    }
    if (KNOWN_FLAGS.has(name)) {
      take(name, "", state);
      continue;
    }
    const value = rest === "" ? next : rest;
    if (value === undefined) state.notes.push(`\`-${letter}\` has no value.`);
    else take(name, value, state);
    return rest === "" ? 1 : 0;
  }
  return 0;
}

function take(name: string, value: string, state: State): void {
  switch (name) {
    case "request":
      state.method = value.toUpperCase();
      break;
    case "url":
      state.urls.push(value);
      break;
    case "header":
      header(value, state);
      break;
    case "head":
      state.isHead = true;
      break;
    case "get":
      state.isGet = true;
      break;
    case "compressed":
      state.headers.push("accept-encoding: deflate, gzip, br, zstd");
      break;
    case "user":
      state.headers.push(`authorization: Basic ${base64(value)}`);
      break;
    case "oauth2-bearer":
      state.headers.push(`authorization: Bearer ${value}`);
      break;
    case "user-agent":
    case "referer":
      state.headers.push(`${name}: ${value}`);
      break;
    case "cookie":
      if (value.includes("=")) state.headers.push(`cookie: ${value}`);
      else state.notes.push(`The cookies of the file \`${value}\` are not known here.`);
      break;
    case "url-query":
      state.query.push(value);
      break;
    case "form":
    case "form-string":
    case "upload-file":
      state.isForm = true;
      state.method ??= name === "upload-file" ? "PUT" : null;
      state.notes.push("Forms and files are not sent; which rule is met is the same without them.");
      break;
    case "request-target":
      state.notes.push("`--request-target` is not looked at.");
      break;
    default:
      data(name, value, state);
  }
}

function header(value: string, state: State): void {
  if (value.startsWith("@")) state.notes.push(`The headers of \`${value}\` are not known here.`);
  else if (/^[^:]+;$/.test(value)) state.headers.push(`${value.slice(0, -1)}: `);
  else if (/^[^:]+:\s*$/.test(value))
    state.notes.push(`\`${value.trim()}\` takes the header away that curl would send.`);
  else if (value.includes(":")) state.headers.push(value.replace(/^([^:]+):\s*/, "$1: "));
  else state.notes.push(`\`${value}\` is not a header: a colon is missing.`);
}

function data(name: string, value: string, state: State): void {
  if (value.startsWith("@") && name !== "data-raw") {
    state.notes.push(`The content of the file \`${value.slice(1)}\` is not known here.`);
    state.data.push("");
    return;
  }
  if (name === "json") {
    state.headers.push("content-type: application/json", "accept: application/json");
  }
  state.data.push(name === "data-urlencode" ? encoded(value) : value);
}

/** `name=content` encodes the content only. */
function encoded(value: string): string {
  const at = value.indexOf("=");
  if (at < 0) return encodeURIComponent(value);
  const name = value.slice(0, at);
  const content = encodeURIComponent(value.slice(at + 1));
  return name ? `${name}=${content}` : content;
}

function asked(state: State): Read {
  const { notes, headers } = state;
  const [first, ...others] = state.urls;
  if (first === undefined) return { question: null, notes, problem: "The line names no URL." };
  if (others.length) {
    notes.push(
      `Only the first URL is looked at, not ${others.map(url => `\`${url}\``).join(", ")}.`,
    );
  }
  const isBody = state.data.length > 0 && !state.isGet;
  const query = [...(state.isGet ? state.data : []), ...state.query].join("&");
  const url = query ? `${first}${first.includes("?") ? "&" : "?"}${query}` : first;
  const named = (name: string) => headers.some(line => line.toLowerCase().startsWith(`${name}:`));
  if (isBody && !named("content-type")) {
    headers.push("content-type: application/x-www-form-urlencoded");
  }
  const usual = state.isHead ? "HEAD" : isBody || state.isForm ? "POST" : "GET";
  return {
    question: {
      method: state.method ?? usual,
      url: /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`,
      headers,
      body: isBody ? state.data.join("&") : null,
    },
    notes,
    problem: null,
  };
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
