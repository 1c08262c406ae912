import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function SignIn({ args }: PageProps) {
  return <Page title={["SignIn", ...args].join(" ")} />;
}
