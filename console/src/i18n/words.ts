import { operationsWords } from './operations';
import { shellWords } from './shell';
import { studioWords } from './studio';

/** Every text of the console: English, then Chinese. */
export const words = { ...shellWords, ...studioWords, ...operationsWords };

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

/** Whether a text is the name of a word; for words that are made from codes of the server. */
export function isWord(name: string): name is Word {
  return Object.hasOwn(words, name);
}
