import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Trace({ args }: PageProps) {
  return <Page title={["Trace", ...args].join(" ")} />;
}
