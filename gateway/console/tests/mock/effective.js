// @ts-check
/** @import { Effective, EffectiveField } from "../../src/api/types" */
/** @import { World } from "./world.js" */
/** What holds for an item, walked along the schema, as the gateway tells it. */
import { readFileSync } from "node:fs";

/** @typedef {Record<string, any>} Node */
/** @typedef {{ key: string, value: any, outer: Around | null }} Around What encloses a record. */
/** @typedef {{ fields: EffectiveField[], source: string, lines: string[], start: number }} Walk */

const SCHEMA = new URL("../../../../config/schema.json", import.meta.url);

/** @param {World} world @param {string} kind @param {{ name: string }} item @returns {Effective} */
export function effectiveOf(world, kind, item) {
  const root = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const lines = world.text.split("\n");
  const section = lines.indexOf(`${kind}s:`);
  const start = lines.findIndex((text, at) => at > section && text === `  - name: ${item.name}`);
  const source = world.source.path;
  /** @type {Walk} */
  const walk = { fields: [], source, lines, start };
  const title = kind.charAt(0).toUpperCase() + kind.slice(1);
  record(walk, root, root.$defs[title], item, "", null);
  return {
    generation: world.generation,
    kind: /** @type {Effective["kind"]} */ (kind),
    name: item.name,
    path: [`${kind}s`, { name: item.name }],
    source,
    line: start + 1,
    fields: walk.fields,
  };
}

/** @param {Walk} walk @param {Node} root @param {Node} node @param {any} value @param {string} at @param {Around | null} outer */
function record(walk, root, node, value, at, outer) {
  for (const [key, written] of Object.entries(/** @type {Node} */ (node.properties ?? {}))) {
    const below = resolve(root, written);
    const path = at ? `${at}.${key}` : key;
    const around = { key, value, outer };
    if (value?.[key] === undefined) absent(walk, below, path, around);
    else shown(walk, root, below, value[key], path, around);
  }
}

/** @param {Walk} walk @param {Node} root @param {Node} node @param {any} value @param {string} path @param {Around} around */
function shown(walk, root, node, value, path, around) {
  if (node.type === "array" && resolve(root, node.items).properties) {
    for (const [at, item] of value.entries())
      shown(walk, root, resolve(root, node.items), item, `${path}[${at}]`, around);
  } else if (node.properties) {
    const isShort = typeof value === "string";
    const [first = ""] = node.required ?? Object.keys(node.properties);
    record(walk, root, node, isShort ? { [first]: value } : value, path, around);
  } else if (node.type === "object") {
    for (const [key, one] of Object.entries(value))
      shown(walk, root, resolve(root, node.additionalProperties), one, `${path}.${key}`, around);
  } else {
    add(walk, node, path, inline(value), "written");
  }
}

/** @param {Walk} walk @param {Node} node @param {string} path @param {Around} around */
function absent(walk, node, path, { key, outer }) {
  const said = /Default: ([^.]*)\./.exec(node.description ?? "")?.[1]?.replaceAll("`", "");
  if (node.default !== undefined) return add(walk, node, path, String(node.default), "default");
  if (said === undefined) return;
  if (said !== "the route's") return add(walk, node, path, said, "default");
  const route = outer?.value ?? {};
  if (route[key] === undefined) add(walk, node, path, "no limit", "default");
  else add(walk, node, path, inline(route[key]), "inherited");
}

/** @param {Walk} walk @param {Node} node @param {string} path @param {string} value @param {EffectiveField["origin"]} origin */
function add({ fields, source, lines, start }, { description: doc = "" }, path, value, origin) {
  const key = /([\w-]+)(\[\d+\])?$/.exec(path)?.[1] ?? "";
  const places = [`${key}:`, value];
  const found = lines.findIndex(
    (text, at) => at >= start && places.some(words => text.includes(words)),
  );
  const line = origin === "default" ? null : Math.max(found, start) + 1;
  fields.push({ path, value, origin, source: line === null ? null : source, line, doc });
}

/** @param {any} value @returns {string} */
function inline(value) {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  const isPlain = typeof value !== "string" || /^[A-Za-z0-9/][\w./ -]*$/.test(value);
  return isPlain && !/^\d+$/.test(value) ? String(value) : JSON.stringify(value);
}

/** @param {Node} root @param {Node} node @returns {Node} */
function resolve(root, node) {
  const { $ref: reference, ...beside } = node;
  if (reference) return { ...resolve(root, root.$defs[reference.split("/").at(-1)]), ...beside };
  const long = node.anyOf?.find((/** @type {Node} */ way) => way.properties);
  return long ? { ...long, description: node.description } : node;
}
