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
export type Translate = (word: Word, values?: Record<string, string | number>) => string;

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
 * Returns what a stable code means in the reader's language, and what the gateway said of this
 * case: alone where that is in the same language, behind it where it is in another.
 */
export function sayCode(kind: 'code' | 'fail', code: string, said: string, t: Translate): string {
  const word = `${kind}.${code}`;
  if (!isWord(word)) return said;
  const meaning = t(word);
  const usual: string = words[word][0];
  if (!said || said === usual || usual.startsWith(`${said}.`)) return meaning;
  if (kind === 'code' && isChinese(said) === isChinese(meaning)) return said;
  // A text of the wire in the other language adds nothing that the reader could read.
  if (isChinese(said)) return meaning;
  return isChinese(meaning)
    ? `${meaning.replace(/。$/, '')}（${said}）。`
    : `${meaning.replace(/\.$/, '')}: ${said}`;
}

/** Whether a text is the name of a word; for words that are made from codes of the server. */
export function isWord(name: string): name is Word {
  return Object.hasOwn(words, name);
}
