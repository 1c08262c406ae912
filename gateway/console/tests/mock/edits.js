// @ts-check
/** @import { Edit, Path } from "../../src/api/types" */

/** The document with the edits, which are the console's. Short forms become long where they must. */
/** @template T @param {T} document @param {Edit[]} edits @returns {T} */
export function edited(document, edits) {
  const changed = structuredClone(document);
  edits.forEach(edit => apply(changed, edit));
  return changed;
}

/** @param {unknown} root @param {Edit} edit */
function apply(root, edit) {
  if (edit.op === "insert") {
    const list = /** @type {unknown[]} */ (walk(root, edit.path, () => []));
    list.splice(edit.index ?? list.length, 0, edit.value);
    return;
  }
  const parent = /** @type {any} */ (walk(root, edit.path.slice(0, -1), () => ({})));
  const key = keyIn(parent, edit.path.at(-1));
  if (edit.op === "set") parent[key] = edit.value;
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

/** @param {any} root @param {Path} path @param {() => unknown} missing @returns {unknown} */
function walk(root, path, missing) {
  let at = root;
  path.forEach((step, depth) => {
    const key = keyIn(at, step);
    const isLast = depth === path.length - 1;
    if (Array.isArray(at) && typeof at[Number(key)] === "string")
      at[Number(key)] = long(at[Number(key)], step);
    if (key === "plugin" && typeof at[key] === "string") at[key] = { name: at[key] };
    at[key] ??= isLast ? missing() : {};
    // `plugin: tracing` becomes `plugin: { name: tracing }`.
    if (key === "plugin" && typeof at[key] === "string") at[key] = { name: at[key] };
    at = at[key];
  });
  return at;
}

/** @param {any} at @param {Path[number] | undefined} step @returns {string | number} */
function keyIn(at, step) {
  if (typeof step !== "object") return step ?? "";
  const [field = "", value = ""] = Object.entries(step)[0] ?? [];
  const list = /** @type {any[]} */ (at);
  const index = list.findIndex(item => item === value || item[field] === value);
  if (index < 0) throw new Error(`no item with ${field} \`${value}\``);
  return index;
}

/** @param {string} text @param {Path[number]} step */
function long(text, step) {
  const field = typeof step === "object" ? Object.keys(step)[0] : undefined;
  return { [field ?? (text.includes(":") ? "address" : "service")]: text };
}
