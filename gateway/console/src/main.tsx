import { render } from "preact";

import { App } from "./app";
import { signIn } from "./api/session";
import "./styles/base.css";
import "./styles/parts.css";

const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
void signIn();
