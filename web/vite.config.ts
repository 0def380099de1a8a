import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

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
  },
  server: { proxy: { '/loki': 'http://127.0.0.1:3100' } },
})
