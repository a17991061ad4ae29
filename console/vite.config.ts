import react from '@vitejs/plugin-react';
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

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../src/gesso/console',
    emptyOutDir: true,
    // Inlined files would be `data:` URLs, which the content policy allows for pictures only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries([...paths, '/healthz', '/readyz'].map((path) => [path, gateway])),
  },
  test: { include: ['src/**/*.test.ts'] },
});
