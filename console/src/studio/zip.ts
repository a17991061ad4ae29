const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 as zip files want it. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 255] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

interface Entry {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The 26 bytes that the local header and the directory share (APPNOTE 4.3.7 and 4.3.12). */
function facts({ name, bytes }: Entry): number[] {
  const two = (value: number) => [value & 255, (value >>> 8) & 255];
  const four = (value: number) => [...two(value), ...two(value >>> 16)];
  const stored = [...two(20), ...two(0x0800), ...two(0), ...two(0), ...two(0x21)];
  const length = new TextEncoder().encode(name).length;
  const sizes = [...four(bytes.length), ...four(bytes.length)];
  return [...stored, ...four(crc32(bytes)), ...sizes, ...two(length), ...two(0)];
}

/** Puts files into one, without compressing: pictures are compressed already. */
export function zip(entries: readonly Entry[]): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  const number = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
  let offset = 0;
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const head = Uint8Array.from([0x50, 0x4b, 3, 4, ...facts(entry), ...name]);
    const listed = [0x50, 0x4b, 1, 2, 20, 0, ...facts(entry), ...Array<number>(10).fill(0)];
    directory.push(Uint8Array.from([...listed, ...number(offset), ...name]));
    parts.push(head, entry.bytes);
    offset += head.length + entry.bytes.length;
  }
  const size = directory.reduce((sum, one) => sum + one.length, 0);
  const many = [entries.length & 255, entries.length >>> 8];
  const end = [
    0x50,
    0x4b,
    5,
    6,
    0,
    0,
    0,
    0,
    ...many,
    ...many,
    ...number(size),
    ...number(offset),
    0,
    0,
  ];
  return new Blob([...parts, ...directory, Uint8Array.from(end)], { type: 'application/zip' });
}
