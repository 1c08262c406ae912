// Before everything that has looks of its own.
import "./styles/base.css";
import "./styles/parts.css";

import { render } from "preact";

import { signIn } from "./api/session";
import { App } from "./app";

const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
void signIn();
