/** What is asked about: a request, and how it is written in the address of the page and as curl. */

export interface Question {
  method: string;
  url: string;
  /** `name: value` */
  headers: string[];
  body: string | null;
}

/** Headers that let somebody in; they stay out of addresses, which are shared and kept. */
const SECRET =
  /^(authorization|proxy-authorization|cookie|x-api-key|x-auth-.*|.*-token|.*secret.*):/i;

export function isSecret(header: string): boolean {
  return SECRET.test(header);
}

/** Bodies longer than this make addresses that cannot be shared. */
const LONGEST_BODY = 500;

/** Names of parameters, like `access_token` and `X-Api-Key`, but not `keyword`. */
const SECRET_NAME = /token|secret|passw|pwd|signature|key(?!word|board)/i;
const PARAMETER = /([?&#;])([^=&#;?]*)=([^&#;]*)/g;
const USER = /^((?:[a-z][a-z0-9+.-]*:)?\/\/)[^/?#]*@/i;

/** The URL without what lets somebody in, and the words for what is gone. */
export function withoutSecrets(url: string): { url: string; left: string[] } {
  const left: string[] = [];
  if (USER.test(url)) left.push("the user of the URL");
  const kept = url.replace(USER, "$1").replace(PARAMETER, (whole, before, name, value) => {
    if (value === "" || !SECRET_NAME.test(decoded(name))) return whole;
    left.push(`the value of \`${decoded(name)}\``);
    return `${before}${name}=`;
  });
  return { url: kept, left };
}

/** What [`toQuery`] leaves out, in words. */
export function leftOut({ url, headers }: Question): string[] {
  const names = headers.filter(isSecret).map(header => `\`${header.split(":", 1)[0]}\``);
  return [...withoutSecrets(url).left, ...names];
}

export function toQuery(question: Question): URLSearchParams {
  const query = new URLSearchParams({ url: withoutSecrets(question.url).url });
  if (question.method !== "GET") query.set("method", question.method);
  for (const header of question.headers) if (!isSecret(header)) query.append("header", header);
  if (question.body && question.body.length <= LONGEST_BODY) query.set("body", question.body);
  return query;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export function fromQuery(query: URLSearchParams): Question | null {
  const url = query.get("url");
  if (!url) return null;
  return {
    method: query.get("method")?.toUpperCase() || "GET",
    url,
    headers: query.getAll("header"),
    body: query.get("body"),
  };
}

/** As short as it can be: a URL alone, `POST http://…`, or a curl line. */
export function written({ method, url, headers, body }: Question): string {
  if (headers.length === 0 && body === null) return method === "GET" ? url : `${method} ${url}`;
  const parts = ["curl", quoted(url)];
  if (method !== (body === null ? "GET" : "POST")) parts.push("-X", method);
  headers.forEach(header => parts.push("-H", quoted(header)));
  if (body !== null) parts.push("--data-raw", quoted(body));
  return parts.join(" ");
}

function quoted(text: string): string {
  return /^[\w:/.,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
