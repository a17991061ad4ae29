import { errorWords } from './errors';
import { isChinese } from './words';
import chinese from './zh/messages.json';

/** A sentence of the gateway: what stands around its values, and how it is said in Chinese. */
interface Template {
  parts: string[];
  said: string;
}

/** A sentence may hold another one as a value, such as why a channel rests. */
const DEEPEST = 4;
/** Texts whose translation is remembered; a long list shows the same few again and again. */
const REMEMBERED = 1000;

const WORDS = new Map(Object.entries(chinese.words));
const FIXED = new Map<string, string>(
  Object.entries(errorWords).flatMap(([word, [english, said]]) =>
    word.startsWith('code.') ? [[english, said]] : [],
  ),
);
const TEMPLATES: Template[] = [];

for (const [english, said] of Object.entries(chinese.sentences)) {
  const parts = english.split('{}');
  if (parts.length === 1) FIXED.set(english, said);
  else TEMPLATES.push({ parts, said });
}

function letters({ parts }: Template): number {
  return parts.join('').replaceAll(' ', '').length;
}

// What says the most by itself comes first: “{} must be one of {}” before “{} must be {}”.
TEMPLATES.sort((a, b) => letters(b) - letters(a) || a.parts.length - b.parts.length);

/** Returns the values that a text puts into a template, none of them empty; null if it does not fit. */
function match({ parts }: Template, text: string): string[] | null {
  const [first = '', ...between] = parts;
  const last = between.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return null;
  const end = text.length - last.length;
  const values: string[] = [];
  let from = first.length;
  for (const part of between) {
    const at = text.indexOf(part, from + 1);
    if (at < 0 || at + part.length > end) return null;
    values.push(text.slice(from, at));
    from = at + part.length;
  }
  if (from >= end) return null;
  return [...values, text.slice(from, end)];
}

/** Writes values into a Chinese sentence: `{}` in order, `{1}` by number, `{1:word}` as a word. */
function fill(said: string, values: string[], depth: number): string {
  let next = 0;
  return said.replace(/\{(\d*)(:word)?\}/g, (_, number: string, word?: string) => {
    const value = values[number ? Number(number) : next++] ?? '';
    return (word && WORDS.get(value.toLowerCase())) || translated(value, depth + 1) || value;
  });
}

function translated(text: string, depth: number): string | null {
  const fixed = FIXED.get(text);
  if (fixed !== undefined) return fixed;
  if (depth >= DEEPEST) return null;
  for (const template of TEMPLATES) {
    const values = match(template, text);
    if (values) return fill(template.said, values, depth);
  }
  return null;
}

/** A published Chinese text of the wire with the gateway's own behind it: `参数错误: …`. */
function behindChinese(text: string): string | null {
  const at = text.indexOf(': ');
  const head = text.slice(0, at);
  if (at < 0 || !isChinese(head)) return null;
  const tail = translated(text.slice(at + 2), 1);
  return tail && `${head}：${tail}`;
}

const remembered = new Map<string, string>();

/** Returns a text of the gateway in Chinese; one that is not the gateway's stays as it is. */
export function inChinese(text: string): string {
  let said = remembered.get(text);
  if (said === undefined) {
    said = behindChinese(text) ?? translated(text, 0) ?? text;
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(text, said);
  }
  return said;
}
