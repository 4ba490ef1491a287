import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { markdown } from "./markdown.ts";

// Where the hub listens during development.
const hub = process.env.ASSAY_HUB ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), markdown()],
  // Help shows what is in docs.
  server: { proxy: { "/api": { target: hub, changeOrigin: false } }, fs: { allow: [".", "../docs"] } },
  // Small files are files, too: the hub forbids data: for everything but images.
  build: { assetsInlineLimit: 0, target: "es2022", manifest: true, sourcemap: false, chunkSizeWarningLimit: 800 },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
