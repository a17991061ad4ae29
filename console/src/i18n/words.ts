import { auditWords } from './audit';
import { errorWords } from './errors';
import { labelWords } from './labels';
import { operationsWords } from './operations';
import { shellWords } from './shell';
import { studioWords } from './studio';

/** Every text of the console: English, then Chinese. */
export const words = {
  ...shellWords,
  ...studioWords,
  ...operationsWords,
  ...errorWords,
  ...auditWords,
  ...labelWords,
};

export type Word = keyof typeof words;
export type Language = 'en' | 'zh';
export interface Translate {
  (word: Word, values?: Record<string, string | number>): string;
  /** Says a text of the gateway in Chinese; there for readers of Chinese, once it is fetched. */
  server?: ((text: string) => string) | undefined;
}

/** Returns the text of a word with `{name}` replaced by its value. */
export function say(
  language: Language,
  word: Word,
  values: Record<string, string | number> = {},
): string {
  const text: string = words[word][language === 'zh' ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether a text is written in Chinese rather than with letters. */
export function isChinese(text: string): boolean {
  return /[\u4e00-\u9fff]/.test(text);
}

/**
 * Returns a text that the gateway wrote in the reader's language. What is not its own, but an
 * upstream's or a customer's, stays as it is.
 */
export function sayServer(text: string, t: Translate): string {
  return t.server ? t.server(text) : text;
}

/**
 * Returns what a stable code means in the reader's language, and what the gateway said of this
 * case: alone where that is enough, behind it where it is not, or is in another language.
 */
export function sayCode(kind: 'code' | 'fail', code: string, said: string, t: Translate): string {
  const word = `${kind}.${code}`;
  const told = sayServer(said, t);
  if (!isWord(word)) return told;
  const meaning = t(word);
  const usual: string = words[word][0];
  if (!said || said === usual || usual.startsWith(`${said}.`)) return meaning;
  if (kind === 'code' && isChinese(told) === isChinese(meaning)) return told;
  // A text of the wire in the other language adds nothing that the reader could read.
  if (isChinese(said)) return meaning;
  if (!isChinese(meaning)) return `${meaning.replace(/\.$/, '')}: ${told}`;
  if (saysTheSame(meaning, told)) return `${told}。`;
  const start = meaning.replace(/。$/, '');
  return told.includes('（') ? `${start}：${told}。` : `${start}（${told}）。`;
}

/** Whether two Chinese texts have so many pairs of characters in common that one is enough. */
function saysTheSame(one: string, other: string): boolean {
  const [a, b] = [pairs(one), pairs(other)];
  const common = [...a].filter((pair) => b.has(pair)).length;
  return common * 2 >= Math.min(a.size, b.size) && common > 0;
}

function pairs(text: string): Set<string> {
  const plain = text.replace(/[^\u4e00-\u9fff]/g, '');
  return new Set(Array.from({ length: plain.length - 1 }, (_, at) => plain.slice(at, at + 2)));
}

/** Whether a text is the name of a word; for words that are made from codes of the server. */
export function isWord(name: string): name is Word {
  return Object.hasOwn(words, name);
}
