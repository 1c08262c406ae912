/** A sentence of the schema, for CodeMirror, which takes elements: names in it are code. */
export function wordsOf(text: string): HTMLElement {
  const all = document.createElement("div");
  text.split("`").forEach((words, at) => {
    if (at % 2 === 0) return all.append(words);
    const code = document.createElement("code");
    code.textContent = words;
    all.append(code);
  });
  return all;
}
