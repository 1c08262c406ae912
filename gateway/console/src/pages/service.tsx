import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Service({ args }: PageProps) {
  return <Page title={["Service", ...args].join(" ")} />;
}
