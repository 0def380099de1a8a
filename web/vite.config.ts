import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

// `base: './'` lets the page live under any path prefix; the API is addressed relative to the page as well.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: file('index.html'), collector: file('collector.html') } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/loki', '/api/v0', '/prometheus'].map((path) => [
        path,
        { target: 'http://127.0.0.1:3100', ws: true },
      ]),
    ),
  },
})
