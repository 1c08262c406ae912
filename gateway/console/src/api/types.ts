/**
 * What the admin API answers, as the console reads it.
 *
 * Durations end in `_ms`, `_us` or `_seconds`, moments in `_ms` (since 1970) or `at` (seconds since
 * 1970, where the gateway counts in seconds). `null` is "not known" or "there is none".
 */

// ---------------------------------------------------------------- who I am

export type Role = "none" | "viewer" | "operator";

/** `GET /api/v1/session`, `POST` (`{token?}`; sets the cookie), `DELETE`. */
export interface Session {
  role: Role;
  /** Who the audit log names: `local`, a token's name, a certificate's subject. */
  name: string | null;
  /** Goes into the header `x-portico-csrf` of every call that is not GET. */
  csrf: string | null;
  /** `automatic`: `POST` without a token is enough, because the browser runs as the gateway's user. */
  sign_in: "automatic" | "token" | "certificate";
  /** How to get in, in a sentence, for whoever is not. */
  hint: string | null;
}

/** Every refusal: status 4xx or 5xx. */
export interface ApiError {
  error: string;
  diagnostics?: Diagnostic[];
  /** 409 of a read-only source: what to change there by hand (a unified diff). */
  patch?: string;
}

// ---------------------------------------------------------------- numbers

export interface Stats {
  requests: number;
  requests_per_second: number;
  errors: number;
  /** 0 to 1; null without requests. */
  error_share: number | null;
  /** By hundreds of the status; `[0]` are those without one. */
  classes: [number, number, number, number, number, number];
  p50_ms: number | null;
  p90_ms: number | null;
  p99_ms: number | null;
  bytes_in: number;
  bytes_out: number;
  last_seen: number | null;
}

/** `GET /api/v1/history?of=all|route:NAME|service:NAME|endpoint:SERVICE@ADDRESS&window=10m` */
export interface History {
  /** Each covers `step_seconds`; the oldest first; a step without requests is there, with zeros and nulls. */
  step_seconds: number;
  points: HistoryPoint[];
}

export interface HistoryPoint {
  at: number;
  requests_per_second: number;
  errors_per_second: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

// ---------------------------------------------------------------- overview

/** `GET /api/v1/overview`; also the event `overview` of the stream. */
export interface Overview {
  now_ms: number;
  started_ms: number;
  version: string;
  state: "starting" | "serving" | "draining";
  generation: number | null;
  applied_ms: number | null;
  took_ms: number | null;
  addresses: Address[];
  stats: Stats;
  in_flight: number;
  connections: number;
  workers: number;
  memory_bytes: number | null;
  attention: Attention[];
  source: SourceStatus;
}

export interface Address {
  listener: string;
  address: string;
  hosts: string[];
  /** `http://localhost:30080/`: one that works from this machine, if there is one. */
  url: string | null;
  curl: string;
}

/** What somebody should look at, the worst first. */
export interface Attention {
  /** Stable while it lasts. */
  id: string;
  severity: "critical" | "warning" | "notice";
  /** One sentence: what is wrong, in numbers. */
  sentence: string;
  /** Why, if it is known. */
  why: string | null;
  subject: Subject;
  actions: AttentionAction[];
}

export interface Subject {
  kind: "service" | "route" | "endpoint" | "plugin" | "configuration" | "telemetry" | "listener";
  name: string;
}

/** Either a page of the console or a change of the configuration. */
export interface AttentionAction {
  label: string;
  /** `/traces?q=route:staff`: where it leads. */
  href?: string;
  edits?: Edit[];
  /** Proposed reason of the change. */
  reason?: string;
}

export interface SourceStatus {
  /** File or folder. */
  path: string;
  writable: boolean;
  /** Why the console cannot write it: a ConfigMap, permissions. */
  why_not: string | null;
}

// ---------------------------------------------------------------- graph

export type NodeKind = "client" | "listener" | "route" | "service" | "endpoint" | "far";

export interface GraphNode {
  id: string;
  kind: NodeKind;
  name: string;
  in_flight: number;
  stats: Stats;
  badges: Badge[];
}

/** What is special about a node, or on the way to it. `words` is for the tool tip. */
export interface Badge {
  kind: "timeout" | "split" | "suspended" | "plugin" | "unhealthy" | "canary";
  words: string;
}

export interface GraphLink {
  from: string;
  to: string;
  stats: Stats;
}

export interface Sight {
  service: string;
  [more: string]: unknown;
}

/** `GET /api/v1/graph?window=60s&at=`; also the event `graph` of the stream. */
export interface Graph {
  at: number;
  window_seconds: number;
  /** The oldest second that can be looked at. */
  since: number;
  resolution_seconds: number;
  nodes: GraphNode[];
  links: GraphLink[];
  sight: Sight[];
  note: string | null;
}

/** Event `graph_changes`: what differs from the graph before. */
export interface GraphChanges {
  at: number;
  window_seconds: number;
  since: number;
  nodes: GraphNode[];
  links: GraphLink[];
  gone_nodes: string[];
  /** `[from, to]` */
  gone_links: [string, string][];
  sight: Sight[] | null;
}

/**
 * `GET /api/v1/stream?window=10s`: server-sent events, at most four a second of each.
 * `overview` Overview · `graph` Graph (first, and after a gap) · `graph_changes` GraphChanges ·
 * `requests` Particle[] (requests that have just been kept; samples of all) · `configuration`
 * `{generation, rejected: boolean}` whenever a generation was applied or refused.
 */
export type Particle = RequestSummary;

// ---------------------------------------------------------------- requests and traces

export type Interest = "sample" | "slow" | "plugin" | "failed";

export interface RequestSummary {
  seq: number;
  interest: Interest;
  at_ms: number;
  took_us: number;
  method: string;
  scheme: string;
  host: string;
  target: string;
  status: number;
  /** `service`, `gateway`, `nobody`, or a filter's name. */
  answered_by: string;
  reason: string | null;
  listener: string | null;
  route: string | null;
  service: string | null;
  endpoint: string | null;
  attempts: number;
  client: string;
  request_id: string;
  trace_id: string;
}

/** `GET /api/v1/requests?q=&sort=interest|time|duration&limit=&after=` */
export interface RequestPage {
  requests: RequestSummary[];
  matches: number;
  searched: number;
  next: string | null;
  note: string | null;
}

// `GET /api/v1/requests/SEQ`, `traces/ID`, `traces/compare?a=&b=`, `doctor`, `telemetry`: they
// exist already; their types follow what they answer.

// ---------------------------------------------------------------- configuration

/** From the root of the document. A key, an index, or the item of a list with that field. */
export type Path = (string | number | Record<string, string>)[];

export type Edit =
  | { op: "set"; path: Path; value: unknown }
  | { op: "remove"; path: Path }
  /** Into the list at `path`, at its end without `index`. Makes the list if it is not there. */
  | { op: "insert"; path: Path; index?: number; value: unknown };

/** One of the three. */
export interface Change {
  edits?: Edit[];
  texts?: { source: string; text: string }[];
  /** Back to the texts of this generation. */
  back_to?: number;
  reason: string;
  /** The generation that it was made for: refused with 409 if another one runs. */
  base?: number;
  /** Where the source is read-only: keep the edits in the gateway, also across reloads. */
  hold?: boolean;
}

/** `POST /api/v1/changes/preview` */
export interface Preview {
  base: number;
  /** It would be accepted. */
  valid: boolean;
  /** Only those that change. */
  files: { source: string; diff: string; before: string; after: string }[];
  diagnostics: Diagnostic[];
  writable: boolean;
  why_not: string | null;
  /** Where it is not writable: `hold` would do it. */
  can_be_held: boolean;
}

/** `POST /api/v1/changes` */
export interface Applied {
  generation: number;
  /** What was in the way before: `back_to` this undoes it. */
  before: number;
  warnings: Diagnostic[];
  /** Files that were written; empty if it is held. */
  written: string[];
  held: boolean;
}

export interface Diagnostic {
  severity: "error" | "warning";
  source: string;
  line: number;
  column: number;
  path: string;
  message: string;
  why: string | null;
  help: string | null;
  excerpt: string | null;
}

/** `GET /api/v1/configuration` */
export interface Configuration {
  running: Generation | null;
  rejected: Rejection | null;
  /** The oldest first. */
  history: Generation[];
  source: SourceStatus;
  /** Edits that the gateway holds because the source cannot be written. */
  held: HeldChange[];
}

export interface HeldChange {
  edits: Edit[];
  reason: string;
  author: string;
  at: string;
  /** Why it cannot be made at the moment; it is tried again at each reload. */
  trouble: string | null;
}

export interface Generation {
  generation: number;
  /** `start`, `file`, `admin`, `signal`, `module`, `rollback to N` */
  origin: string;
  author: string | null;
  reason: string | null;
  at: string;
  took_ms: number;
  sources: string[];
  digest: string;
  warnings: Diagnostic[];
}

export interface Rejection {
  origin: string;
  author: string | null;
  at: string;
  diagnostics: Diagnostic[];
}

/** `GET /api/v1/configuration/generations/N` (operators: texts may hold secrets) */
export interface GenerationTexts extends Generation {
  texts: { source: string; text: string }[];
  /** Against the generation before, unified; empty if that is not kept any more. */
  diff: string;
}

/** `GET /api/v1/configuration/effective?of=service:NAME|route:NAME|listener:NAME|plugin:NAME` */
export interface Effective {
  generation: number;
  kind: "service" | "route" | "listener" | "plugin";
  name: string;
  /** Where it is in the document, for edits. */
  path: Path;
  source: string;
  line: number;
  fields: EffectiveField[];
}

export interface EffectiveField {
  /** Below the item: `rules[0].timeout`. */
  path: string;
  /** As it would be written; `[redacted]` where it may be secret. */
  value: string;
  /** `default`: nobody wrote it; `inherited`: from what encloses it. */
  origin: "written" | "default" | "inherited";
  source: string | null;
  line: number | null;
  /** What the field means. */
  doc: string;
}

/** `GET /api/v1/schema`: the JSON Schema of the whole document. */
export type Schema = Record<string, unknown>;

/** `GET /api/v1/services` (list) and `/api/v1/services/NAME` */
export interface ServiceStatus {
  name: string;
  /** The reason. */
  suspended: string | null;
  connect_timeout_ms: number;
  endpoints: EndpointStatus[];
  used_by: { route: string; rule: string; weight: number }[];
  stats: Stats;
  path: Path;
}

export interface EndpointStatus {
  /** As written. */
  address: string;
  weight: number;
  suspended: string | null;
  health: "healthy" | "degraded" | "failing" | "idle" | "suspended" | "unresolved";
  /** A sentence: `3 of its last 40 attempts failed: connection refused`. */
  why: string | null;
  /** What a name stands for. */
  resolved: string[];
  stats: Stats;
  path: Path;
}

/** `GET /api/v1/routes` (list) and `/api/v1/routes/NAME` */
export interface RouteStatus {
  name: string;
  suspended: string | null;
  listeners: string[];
  hosts: string[];
  rules: RuleStatus[];
  stats: Stats;
  path: Path;
}

export interface RuleStatus {
  name: string;
  /** In words: `path starts with /api/staff`. */
  matches: string[];
  /** In words, in order. */
  filters: string[];
  backends: { service: string; weight: number; suspended: string | null; path: Path }[];
  timeout_ms: number | null;
  timeout_from: "rule" | "route" | null;
  path: Path;
}

/** `GET /api/v1/audit?limit=`: every attempt to change something, the newest first. */
export interface Audit {
  entries: AuditEntry[];
}

export interface AuditEntry {
  at_ms: number;
  who: string;
  role: Role;
  /** The address it came from. */
  from: string;
  action: string;
  reason: string | null;
  /** `200`, `403`, … */
  status: number;
  outcome: string;
}

// ---------------------------------------------------------------- explain

/** `GET /api/v1/explain?method=&url=&header=` */
export interface Explained {
  found: boolean;
  /** The same as the command line prints. */
  text: string;
  request: { method: string; host: string; target: string };
  listener: { name: string; address: string; source: string | null; line: number | null } | null;
  /** The pattern that matched, and those that exist if none did. */
  host: { pattern: string | null; known: string[] } | null;
  rule: {
    route: string;
    rule: string;
    why: string;
    source: string | null;
    line: number | null;
  } | null;
  filters: string[];
  timeout: string | null;
  backends: { service: string; share: string; suspended: string | null; endpoints: string[] }[];
  lost: { route: string; rule: string; why: string; source: string | null; line: number | null }[];
  /** What the gateway itself would answer: `404 no_route`, `503 suspended`. */
  answer: string | null;
  notes: string[];
}

/** `POST /api/v1/send`: the gateway calls its own listener. `times` 1 to 10. */
export interface Send {
  method: string;
  url: string;
  /** `name: value` */
  headers: string[];
  body?: string;
  times?: number;
}

export interface Sent {
  answers: {
    status: number;
    took_ms: number;
    /** Its record, for `requests/SEQ`; null if telemetry is off. */
    seq: number | null;
    trace_id: string | null;
    reason: string | null;
    content_type: string | null;
    /** The first 4 KiB, if it is text. */
    body: string | null;
    error: string | null;
  }[];
}

// ---------------------------------------------------------------- plugins

/** `GET /api/v1/plugins` (list) and `/api/v1/plugins/NAME` */
export interface Plugin {
  name: string;
  /** As in the configuration: `bundled: tracing`, `file: …`, `oci: …`. */
  source: string;
  /** The module's own word for it, if it has one. */
  version: string | null;
  digest: string;
  abi: string;
  on_failure: "open" | "closed";
  isolation: string;
  imports: { name: string; capability: string | null; offered: boolean; granted: boolean }[];
  grants: string[];
  /** Every instance set that lives: the one that serves, its canary, old ones that drain. */
  versions: PluginVersion[];
  /**
   * Where it is a step; `rule` is null for a step of the whole route. Also steps that only switch
   * the route's step off (`enabled` is false).
   */
  places: { route: string; rule: string | null; index: number; enabled: boolean; path: Path }[];
  limits: { name: string; value: string }[];
  /** JSON Schema of its configuration, if the module brings one. */
  schema: Schema | null;
  /** Whether it has a configuration, for the editor. Values may be secret: `configuration` for operators only. */
  configured: boolean;
  path: Path;
  canary: {
    percent: number;
    requests: number;
    failures: number;
    stands: string;
    digest: string;
  } | null;
  signature: { signed_by: string | null; not_trusted: string | null } | null;
  trouble: string | null;
}

export interface PluginVersion {
  digest: string;
  state: "serving" | "canary" | "draining";
  requests: number;
  traps: number;
  deadlines: number;
  replaced: number;
  instances: number;
  requests_inside: number;
  calls_open: number;
  memory_bytes: number;
  cost: {
    phase: string;
    calls: number;
    mean_us: number;
    p50_us: number | null;
    p99_us: number | null;
  }[];
  limits_met: Record<string, number>;
}

/** `GET /api/v1/plugins/NAME/configuration` (operators) */
export interface PluginConfiguration {
  /** Structured, or text where it is no JSON; null if there is none. */
  value: unknown;
  path: Path;
}

/**
 * `POST /api/v1/plugins/NAME/module?as=canary|main&percent=&reason=`, the module as the body:
 * checked, stored beside the configuration, and put into it. Answers `Applied`.
 * `POST /api/v1/plugins/NAME/promote`, `/rollback`: the canary.
 */

/**
 * `POST /api/v1/plugins/NAME/try` `{seq?, configuration?}` (operators): against a kept request, or the
 * last one that met the plugin. Heads are as they were kept: of the request after the last filter,
 * of the response as it was sent. Bodies are not kept, and nobody is called. 429: two run already.
 */
export interface Tried {
  request: RequestSummary;
  /** Credentials are not kept with a record, so the filter saw `[redacted]` in their place. */
  redacted: string[];
  outcome: "continues" | "answers" | "pauses" | "fails";
  words: string;
  answer: { status: number; headers: [string, string][]; body: string } | null;
  request_changes: HeaderChange[];
  response_changes: HeaderChange[];
  log: { level: string; message: string }[];
  cost: { phase: string; us: number }[];
}

/**
 * `GET /api/v1/plugins/NAME/log?after=&level=&wait=`: the last 200 lines at most, the oldest first.
 * `after`: only those after this number. `level`: `info` and graver by default; `debug` shows only what
 * the gateway logs at all. `wait`: seconds (25 at most) to wait for a line if there is none.
 */
export interface PluginLog {
  lines: {
    number: number;
    /** RFC 3339. */
    at: string;
    level: "error" | "warn" | "info" | "debug" | "trace";
    text: string;
  }[];
  /** What to ask `after` next time. */
  next: number;
}

export interface HeaderChange {
  header: string;
  before: string | null;
  after: string | null;
}
