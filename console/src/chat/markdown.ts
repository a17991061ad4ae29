/** A piece of an answer, read from the little markdown that models write. */
export type Piece =
  | { kind: 'text' | 'bold' | 'code'; text: string }
  | { kind: 'link' | 'picture'; text: string; link: string };

export type Block =
  | { kind: 'paragraph' | 'heading' | 'quote' | 'item'; pieces: Piece[] }
  | { kind: 'code'; text: string };

const INLINE = /(!?)\[([^\]]*)\]\((\S+?)\)|\*\*(.+?)\*\*|`([^`]+)`/g;

function isWeb(link: string): boolean {
  return /^https?:\/\//i.test(link) || /^\/(?!\/)/.test(link);
}

/** Reads one line. What is not understood stays text, so nothing can become markup. */
export function readInline(line: string): Piece[] {
  const pieces: Piece[] = [];
  let last = 0;
  for (const found of line.matchAll(INLINE)) {
    const [whole, mark, text = '', link = '', bold, code] = found;
    if (link && !isWeb(link)) continue;
    if (found.index > last) pieces.push({ kind: 'text', text: line.slice(last, found.index) });
    last = found.index + whole.length;
    if (link) pieces.push({ kind: mark ? 'picture' : 'link', text, link });
    else if (bold !== undefined) pieces.push({ kind: 'bold', text: bold });
    else if (code !== undefined) pieces.push({ kind: 'code', text: code });
  }
  if (last < line.length) pieces.push({ kind: 'text', text: line.slice(last) });
  return pieces;
}

const STARTS: readonly (readonly [RegExp, 'heading' | 'quote' | 'item'])[] = [
  [/^#{1,6}\s+/, 'heading'],
  [/^>\s?/, 'quote'],
  [/^\s*(?:[-*]|\d+\.)\s+/, 'item'],
];

/** Reads an answer, also one that is not whole yet. */
export function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  text.split(/^```.*$/m).forEach((part, index) => {
    if (index % 2) {
      blocks.push({ kind: 'code', text: part.replace(/^\n|\n$/g, '') });
      return;
    }
    for (const line of part.split('\n').filter((one) => one.trim())) {
      const start = STARTS.find(([pattern]) => pattern.test(line));
      const kind = start?.[1] ?? 'paragraph';
      blocks.push({ kind, pieces: readInline(start ? line.replace(start[0], '') : line) });
    }
  });
  return blocks;
}
