/** Reads a wget line, which is simpler than curl's: a GET unless it says otherwise. */
import { readCurl, type Read } from "./curl";
import { split } from "./shell";

/** What the same is called by curl; all else says nothing about the request. */
const AS_CURL: Record<string, string> = {
  "--header": "--header",
  "--method": "--request",
  "--post-data": "--data-raw",
  "--body-data": "--data-raw",
  "--user-agent": "--user-agent",
  "-U": "--user-agent",
};
/** The others with a value: the next word is no URL. */
const WITH_VALUE = /^-[a-zA-Z]*[OoPtTweQ]$/;

export function readWget(text: string): Read {
  const { words } = split(text.trim().replace(/^[$>#]\s+/, ""));
  const same = ["curl"];
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at]!;
    const [name = word, joined] = word.split(/=(.*)/s, 2);
    const option = AS_CURL[name];
    if (option) {
      const value = joined ?? words[++at];
      if (value !== undefined) same.push(option, quoted(value));
    } else if (!word.startsWith("-")) same.push(quoted(word));
    else if (WITH_VALUE.test(word)) at += 1;
  }
  const read = readCurl(same.join(" "));
  return {
    ...read,
    notes: read.notes.map(note => note.replace("that curl would", "that wget would")),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
