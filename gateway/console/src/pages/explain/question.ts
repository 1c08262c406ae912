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

export function toQuery(question: Question): URLSearchParams {
  const query = new URLSearchParams({ url: question.url });
  if (question.method !== "GET") query.set("method", question.method);
  for (const header of question.headers) if (!isSecret(header)) query.append("header", header);
  if (question.body && question.body.length <= LONGEST_BODY) query.set("body", question.body);
  return query;
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
