import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Traces({ args }: PageProps) {
  return <Page title={["Traces", ...args].join(" ")} />;
}
