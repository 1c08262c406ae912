import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Plugin({ args }: PageProps) {
  return <Page title={["Plugin", ...args].join(" ")} />;
}
