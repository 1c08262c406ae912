import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Doctor({ args }: PageProps) {
  return <Page title={["Doctor", ...args].join(" ")} />;
}
