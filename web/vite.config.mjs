import { defineConfig } from 'vite'

// The built page goes where the Go package that embeds it finds it. Nothing is
// inlined: the page's policy allows neither scripts nor styles in the document.
export default defineConfig({
  build: {
    outDir: '../internal/web/dist',
    emptyOutDir: false, // the page of a binary without a map stays
    assetsInlineLimit: 0,
    target: 'es2023',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: ['index.html'] },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
