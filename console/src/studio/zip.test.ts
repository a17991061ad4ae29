import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { crc32, zip } from './zip';

it('sums as everyone does', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});

it('makes files that others can read', async () => {
  const bytes = new TextEncoder().encode('picture');
  const made = zip([
    { name: '狐-1.png', bytes },
    { name: 'b.png', bytes: new Uint8Array(70000) },
  ]);
  const file = join(mkdtempSync(join(tmpdir(), 'zip-')), 'a.zip');
  writeFileSync(file, Buffer.from(await made.arrayBuffer()));
  const script = `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print([(i.filename, i.file_size) for i in z.infolist()])`;
  const listed = execFileSync('python3', ['-c', script, file], { encoding: 'utf8' });
  expect(listed.trim()).toBe("[('狐-1.png', 7), ('b.png', 70000)]");
});
