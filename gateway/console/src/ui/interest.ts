/** Which mark a kept request has, by why the gateway kept it. */
import type { RequestSummary } from "../api/types";

/** Slow for a route that is quick can still be quick, and then nobody needs to look at it. */
const QUICK_US = 100_000;

export function isSlow({ interest, took_us }: Pick<RequestSummary, "interest" | "took_us">) {
  return interest === "slow" && took_us >= QUICK_US;
}

/** The same, with what is slow only for its route taken as ordinary. */
export function shownInterest(
  request: Pick<RequestSummary, "interest" | "took_us">,
): RequestSummary["interest"] {
  return request.interest === "slow" && !isSlow(request) ? "sample" : request.interest;
}
