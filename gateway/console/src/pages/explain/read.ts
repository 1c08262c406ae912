/** Reads what stands in the box: a curl or wget line, `GET /path`, a URL, or a path alone. */
import { readCurl, type Read } from "./curl";
import { readWget } from "./wget";

const NOTHING: Read = { question: null, notes: [], problem: null };

/** A path stays one: [`absolute`] makes a URL of it. */
export function read(text: string): Read {
  const trimmed = text.trim();
  if (trimmed === "") return NOTHING;
  if (/^([$>#]\s+)?(\S*\/)?curl(\.exe)?(\s|$)/.test(trimmed)) return readCurl(trimmed);
  if (/^([$>#]\s+)?(\S*\/)?wget(\.exe)?(\s|$)/.test(trimmed)) return readWget(trimmed);
  const line = /^(?:([A-Za-z]+)\s+)?(\S+)(?:\s+HTTP\/[\d.]+)?((?:\r?\n[^\r\n]*)*)$/.exec(trimmed);
  const [, method, target = "", rest = ""] = line ?? [];
  if (!line) {
    const problem = "This is neither a URL, nor a path, nor a curl line.";
    return { question: null, notes: [], problem };
  }
  // The head of a request, as it is written in logs and in the tools of browsers.
  const lines = rest.split(/\r?\n/).filter(line => line.trim() !== "");
  const headers = lines.filter(line => /^[\w-]+:/.test(line)).map(line => line.trim());
  const strange = lines.filter(line => !/^[\w-]+:/.test(line));
  return {
    question: {
      method: (method ?? "GET").toUpperCase(),
      url: target.startsWith("/") || hasScheme(target) ? target : `http://${target}`,
      headers,
      body: null,
    },
    notes: strange.map(line => `\`${line.trim()}\` is not a header and is ignored.`),
    problem: null,
  };
}

/** `base` is an address of the gateway, for paths. */
export function absolute(url: string, base: string): string {
  return url.startsWith("/") ? base.replace(/\/+$/, "") + url : url;
}

function hasScheme(url: string): boolean {
  return /^[a-z]+:\/\//i.test(url);
}
