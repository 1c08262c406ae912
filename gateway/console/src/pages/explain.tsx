import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Explain({ args }: PageProps) {
  return <Page title={["Explain", ...args].join(" ")} />;
}
