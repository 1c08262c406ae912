import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a gateway. */
const gateway = process.env["PORTICO_ADMIN"] ?? "http://127.0.0.1:31000";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The gateway sends a content security policy without inline scripts, styles or data: scripts.
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": { target: gateway, changeOrigin: true } } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
