/** What is wrong with a page, in words. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GRAVE = ["serious", "critical"];

/** Collects what the page complains about by itself. */
export function watch(page) {
  let heard = [];
  page.on("console", message => {
    if (message.type() === "error") heard.push(`console: ${message.text()}`);
  });
  page.on("pageerror", error => heard.push(`error: ${error.stack ?? error.message}`));
  return {
    /** `isGone`: the page is about something that is not there, and the gateway says 404. */
    take({ isGone }) {
      const taken = heard.filter(words => !(isGone && words.includes("status of 404")));
      heard = [];
      return taken;
    },
  };
}

/** `deep`: with axe. */
export async function inspect(page, { deep }) {
  const found = await page.evaluate(structure);
  return deep ? [...found, ...(await accessibility(page))] : found;
}

/** Runs in the page. */
function structure() {
  const found = [];
  const headings = [...document.querySelectorAll("h1")];
  if (headings.length !== 1) found.push(`${headings.length} h1`);
  else if (!headings[0].textContent.trim()) found.push("an empty h1");
  if (!document.title.includes("·")) found.push(`the title is \`${document.title}\``);
  if (document.querySelector(".loading")) found.push("still loads");
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll("main *")].filter(
      element => element.getBoundingClientRect().right > clientWidth + 1,
    );
    const name = wide[0] ? `${wide[0].tagName.toLowerCase()}.${wide[0].className}` : "?";
    found.push(`scrolls sideways by ${scrollWidth - clientWidth} px, from ${name}`);
  }
  return found;
}

async function accessibility(page) {
  const isThere = await page.evaluate(() => "axe" in window);
  if (!isThere) await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} ${failureSummary}`),
      count: nodes.length,
    }));
  });
  return violations
    .filter(({ impact }) => GRAVE.includes(impact))
    .map(
      ({ id, count, where }) => `axe ${id} × ${count}: ${where.join("; ").replace(/\s+/g, " ")}`,
    );
}
