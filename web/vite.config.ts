import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds the API.
const api = process.env.GEOCROP_API ?? "http://127.0.0.1:8000";
const routes = ["auth", "aois", "predictions", "quota", "baselines", "stac", "tiles", "files", "inference", "events"];
const plain = ["healthz", "readyz", "status", "metrics", "workflow", "numbers", "openapi.json", "docs"];

export default defineConfig({
  // Addresses of files are relative to <base>, which the server sets: the page works under any path prefix.
  base: "./",
  plugins: [react()],
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { proxy: Object.fromEntries([...routes, ...plain].map((one) => [`/${one}`, { target: api }])) },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/test/setup.ts"], globals: false },
});
