// @ts-check
/** @import { Applied, AuditEntry, Change, Diagnostic, Generation, HeldChange, Preview, Rejection, RequestSummary, SourceStatus } from "../../src/api/types" */
/** @import { Document, Scene } from "./scenes.js" */
import { unified } from "./diff.js";
import { edited } from "./edits.js";
import { yaml } from "./yaml.js";

/** A refusal with a status, as the gateway gives them. */
export class Refusal extends Error {
  /** @param {number} status @param {string} words @param {object} [more] */
  constructor(status, words, more = {}) {
    super(words);
    this.status = status;
    this.more = more;
  }
}

const SOURCE = "config/default.yaml";
const WHY_NOT = "it is mounted read-only from a ConfigMap (`fleet/portico-config`)";

/** @typedef {{ generation: number, text: string, document: Document, about: Generation }} Kept */

/** What the gateway would know: the configuration with its history, and who changed it. */
export class World {
  /** @param {Scene} scene */
  constructor(scene) {
    this.scene = scene;
    this.document = scene.document;
    this.text = yaml(scene.document);
    this.started = Date.now() - 3_600_000 * 5;
    /** @type {Kept[]} */
    this.kept = [];
    /** @type {RequestSummary[]} The newest last. */
    this.requests = [];
    /** @type {{ route: string, at: number }[]} Sent by the console. */
    this.sent = [];
    /** @type {AuditEntry[]} */
    this.audit = [];
    /** @type {HeldChange[]} */
    this.held = [];
    /** @type {(event: { generation: number, rejected: boolean }) => void} */
    this.onConfiguration = () => {};
    this.keep("start", null, null, this.started);
    /** @type {Rejection | null} */
    this.rejected = scene.is_broken ? rejection() : null;
  }

  get generation() {
    return this.kept.at(-1)?.generation ?? 0;
  }

  /** @returns {SourceStatus} */
  get source() {
    const { writable } = this.scene;
    return { path: SOURCE, writable, why_not: writable ? null : WHY_NOT };
  }

  /** @param {Change} change @returns {Preview} */
  preview(change) {
    const { text } = this.after(change);
    const diff = unified(SOURCE, this.text, text);
    return {
      base: this.generation,
      valid: check(text).every(({ severity }) => severity !== "error"),
      files: diff ? [{ source: SOURCE, diff, before: this.text, after: text }] : [],
      diagnostics: check(text),
      writable: this.scene.writable,
      why_not: this.source.why_not,
      can_be_held: !change.texts,
    };
  }

  /** @param {Change} change @returns {Applied} */
  apply(change) {
    if (change.base !== undefined && change.base !== this.generation)
      throw new Refusal(
        409,
        `generation ${this.generation} runs, the change was made for ${change.base}`,
      );
    const { text, document } = this.after(change);
    const diagnostics = check(text);
    if (diagnostics.some(({ severity }) => severity === "error"))
      throw new Refusal(422, diagnostics[0]?.message ?? "refused", { diagnostics });
    if (!this.scene.writable && !change.hold) {
      const patch = unified(SOURCE, this.text, text);
      throw new Refusal(409, `\`${SOURCE}\` cannot be written: ${WHY_NOT}`, { patch });
    }
    const before = this.generation;
    [this.text, this.document] = [text, document];
    const held = !this.scene.writable;
    if (held)
      this.held.push({
        edits: change.edits ?? [],
        reason: change.reason,
        author: "local",
        at: new Date().toISOString(),
        trouble: null,
      });
    const origin = change.back_to === undefined ? "admin" : `rollback to ${change.back_to}`;
    this.keep(origin, "local", change.reason, Date.now());
    this.onConfiguration({ generation: this.generation, rejected: false });
    const written = held ? [] : [SOURCE];
    return { generation: this.generation, before, warnings: [], written, held };
  }

  /** @param {Change} change @returns {{ text: string, document: Document }} */
  after(change) {
    if (change.back_to !== undefined) {
      const found = this.kept.find(({ generation }) => generation === change.back_to);
      if (!found) throw new Refusal(404, `generation ${change.back_to} is not kept any more`);
      return found;
    }
    // Texts are shown and checked, but what the mock serves does not follow them.
    const text = change.texts?.[0]?.text;
    if (text !== undefined) return { text, document: this.document };
    try {
      const document = edited(this.document, change.edits ?? []);
      return { document, text: yaml(document) };
    } catch (error) {
      throw new Refusal(422, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} origin @param {string | null} author @param {string | null} reason @param {number} at */
  keep(origin, author, reason, at) {
    const generation = this.generation + 1;
    const digest = `sha256:${(generation * 0x9e3779b97f4a7c15).toString(16).padEnd(64, "0")}`.slice(
      0,
      71,
    );
    /** @type {Generation} */
    const about = {
      generation,
      origin,
      author,
      reason,
      at: new Date(at).toISOString(),
      took_ms: 12.4 + (generation % 5),
      sources: [SOURCE],
      digest,
      warnings: [],
    };
    this.kept.push({ generation, text: this.text, document: this.document, about });
  }

  /** @param {string} action @param {number} status @param {string | null} reason @param {string} outcome */
  log(action, status, reason, outcome) {
    this.audit.unshift({
      at_ms: Date.now(),
      who: "local",
      role: "operator",
      from: "127.0.0.1",
      action,
      reason,
      status,
      outcome,
    });
  }
}

/** Mistakes that the mock knows: an unknown field, and tabs. */
/** @param {string} text @returns {Diagnostic[]} */
function check(text) {
  return text.split("\n").flatMap((line, at) => {
    const unknown = /^(\s*(?:- )?)(timeot|sevices|bakends|endpoint):/.exec(line);
    if (!unknown && !line.startsWith("\t")) return [];
    const column = (unknown?.[1]?.length ?? 0) + 1;
    return [
      {
        severity: /** @type {const} */ ("error"),
        source: SOURCE,
        line: at + 1,
        column,
        path: "",
        message: unknown ? `unknown field \`${unknown[2]}\`` : "a tab cannot indent YAML",
        why: null,
        help: unknown ? "did you mean `timeout`?" : "use spaces",
        excerpt: `${at + 1} | ${line}\n  | ${" ".repeat(column - 1)}^^^`,
      },
    ];
  });
}

/** @returns {Rejection} */
function rejection() {
  return {
    origin: "file",
    author: null,
    at: new Date(Date.now() - 240_000).toISOString(),
    diagnostics: check("routes:\n  - name: staff\n    timeot: 1s\n"),
  };
}
