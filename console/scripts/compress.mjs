// Writes a .br and a .gz beside every built text file, so that the gateway compresses nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../src/gesso/console/', import.meta.url));
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };

for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue;
  const bytes = readFileSync(folder + name);
  writeFileSync(`${folder}${name}.br`, brotliCompressSync(bytes, brotli));
  writeFileSync(`${folder}${name}.gz`, gzipSync(bytes, { level: 9 }));
}
