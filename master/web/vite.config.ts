import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  build: {
    // Every asset is a file of its own, so that a policy without `data:` and inline code holds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The dashboard, and the API's description, which is a page of its own: nothing of it is in the first view.
    rollupOptions: { input: ["index.html", "docs.html"] },
    chunkSizeWarningLimit: 2000,
  },
  server: {
    // `npm run dev` beside a master on its default address.
    proxy: { "/api": "http://127.0.0.1:3000", "/openapi.json": "http://127.0.0.1:3000" },
  },
  test: { include: ["src/**/*.test.ts"] },
});
