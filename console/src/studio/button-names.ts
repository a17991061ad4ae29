import type { Button } from '../api/midjourney';
import { isWord, type Translate, type Word } from '../i18n/words';

/** Names of buttons that the wire gives as a picture alone, by a part of their customId. */
const NAMES: readonly (readonly [part: string, word: Word])[] = [
  ['::reroll::', 'button.reroll'],
  ['::pan_left::', 'button.pan_left'],
  ['::pan_right::', 'button.pan_right'],
  ['::pan_up::', 'button.pan_up'],
  ['::pan_down::', 'button.pan_down'],
  ['::BOOKMARK::', 'button.bookmark'],
  ['::Picread::Retry', 'button.retry'],
];

function labelOf(label: string, t: Translate): string {
  const word = `label.${label}`;
  return isWord(word) ? t(word) : label;
}

/** Returns what a button is called, also where the wire shows no word. */
export function buttonName(button: Button, t: Translate): string {
  if (button.label) return labelOf(button.label, t);
  const named = NAMES.find(([part]) => button.customId.includes(part));
  if (named) return t(named[1]);
  const line = /::(\d)$/.exec(button.customId);
  return line?.[1] ? t('task.line', { n: line[1] }) : button.emoji;
}

/** Signs for buttons without a word, as every font has them. */
const FACES: readonly (readonly [part: string, face: string])[] = [
  ['::reroll::', '⟳'],
  ['::pan_left::', '←'],
  ['::pan_right::', '→'],
  ['::pan_up::', '↑'],
  ['::pan_down::', '↓'],
  ['::BOOKMARK::', '♥'],
  ['::Picread::Retry', '⟳'],
];

/** Returns what a button shows: its word, else a sign. */
export function buttonFace(button: Button, t: Translate): string {
  if (button.label) return labelOf(button.label, t);
  const sign = FACES.find(([part]) => button.customId.includes(part));
  return sign?.[1] ?? /::(\d)$/.exec(button.customId)?.[1] ?? button.emoji;
}

/** Returns the action of the task that a button makes, for its card before it is known. */
export function childAction(customId: string, parent: string): string {
  if (/upsample/.test(customId)) return 'UPSCALE';
  if (/variation|Inpaint/.test(customId)) return 'VARIATION';
  if (/Outpaint|CustomZoom/.test(customId)) return 'ZOOM';
  if (/pan_/.test(customId)) return 'PAN';
  if (/animate|video/.test(customId)) return 'VIDEO';
  if (/PicReader|PromptAnalyzer::/.test(customId)) return 'IMAGINE';
  return parent;
}

/** Returns the words of the price list for what a button makes. */
export function pricedAs(customId: string): string {
  if (/low_variation/.test(customId)) return 'low_variation';
  if (/high_variation/.test(customId)) return 'high_variation';
  if (/reroll/.test(customId)) return 'reroll';
  if (/Inpaint/.test(customId)) return 'inpaint';
  return childAction(customId, 'IMAGINE').toLowerCase();
}
