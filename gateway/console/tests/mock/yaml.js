// @ts-check
/** Writes plain data as YAML, in the style of `config/default.yaml`; there is no reading. */

/** @param {unknown} value @returns {string} */
export function yaml(value) {
  return block(value, 0) + "\n";
}

/** @param {unknown} value @param {number} depth @returns {string} */
function block(value, depth) {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) return value.map(item => indent + listItem(item, depth)).join("\n");
  return Object.entries(/** @type {object} */ (value))
    .map(([key, below]) => indent + entry(key, below, depth))
    .join("\n");
}

/** @param {unknown} item @param {number} depth */
function listItem(item, depth) {
  const isLong = isMap(item) && (Object.keys(item).length === 1 || !isFlow(item));
  return isLong ? `- ${block(item, depth + 1).trimStart()}` : `- ${flow(item)}`;
}

/** @param {string} key @param {unknown} value @param {number} depth */
function entry(key, value, depth) {
  if (isMap(value) && Object.keys(value).length > 0 && !isFlow(value))
    return `${key}:\n${block(value, depth + 1)}`;
  if (Array.isArray(value) && value.some(item => isMap(item)))
    return `${key}:\n${block(value, depth + 1)}`;
  return `${key}: ${flow(value)}`;
}

/** Short maps of plain values stand on one line: `{ path: { prefix: /api } }`. */
/** @param {object} map @returns {boolean} */
function isFlow(map) {
  const [first, ...more] = Object.entries(map);
  if (!first || more.length > 2 || "name" in map || "rules" in map) return false;
  return Object.values(map).every(
    value => !Array.isArray(value) && (!isMap(value) || isFlow(value)),
  );
}

/** @param {unknown} value @returns {string} */
function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (isMap(value)) {
    const entries = Object.entries(value).map(([key, below]) => `${key}: ${flow(below)}`);
    return entries.length ? `{ ${entries.join(", ")} }` : "{}";
  }
  if (typeof value !== "string") return String(value);
  const isPlain = /^[A-Za-z/_][\w./ -]*$/.test(value) && !/^(true|false|null|yes|no)$/i.test(value);
  const isDuration = /^\d+(ms|s|m|h)$/.test(value);
  return isPlain || isDuration ? value : JSON.stringify(value);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
