import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// During `npm run dev` the API comes from a gateway that runs beside it.
const gateway = process.env['GESSO_URL'] ?? 'http://127.0.0.1:8080';
const paths = [
  '/admin',
  '/mj',
  '/mj-fast',
  '/mj-relax',
  '/mj-turbo',
  '/pictures',
  '/uploads',
  '/v1',
  '/pricing.json',
];

/**
 * Moves the large sheet behind the frame that index.html draws: a sheet in the head would keep
 * everything blank until it is there, one in the body holds back only what follows it.
 */
function sheetAfterFrame(): Plugin {
  const link = /\s*<link rel="stylesheet"[^>]*href="\/assets\/[^>]*>/;
  return {
    name: 'sheet-after-frame',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => {
        const sheet = link.exec(html)?.[0] ?? '';
        return html.replace(link, '').replace('<noscript>', `${sheet.trim()}\n    <noscript>`);
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), sheetAfterFrame()],
  build: {
    outDir: '../src/gesso/console',
    emptyOutDir: true,
    // Inlined files would be `data:` URLs, which the content policy allows for pictures only.
    assetsInlineLimit: 0,
    // The first browsers that know `light-dark()`, which boot.css is written in.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // One small sheet: a page never waits for a style of its own, or loses it with the network.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries([...paths, '/healthz', '/readyz'].map((path) => [path, gateway])),
  },
  test: { include: ['src/**/*.test.ts'] },
});
