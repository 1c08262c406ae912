import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Overview({ args }: PageProps) {
  return <Page title={["Overview", ...args].join(" ")} />;
}
