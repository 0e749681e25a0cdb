import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// ATOLL names the server that answers during development.
const server = process.env.ATOLL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: {
    alias: { "atoll-react-admin": path("../clients/react-admin/src/index.ts") },
    dedupe: ["react", "react-dom", "ra-core"],
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    license: { fileName: "licenses.txt" },
  },
  server: {
    proxy: { "/api": { target: server }, "/readyz": { target: server }, "/openapi.json": { target: server } },
  },
});
