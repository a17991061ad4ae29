import { expect, it } from 'vitest';
import { words } from './words';

const rows = Object.entries(words as Record<string, readonly [string, string]>);
const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

it('says everything in both languages', () => {
  const silent = rows.filter(([, [english, chinese]]) => !english.trim() || !chinese.trim());
  expect(silent).toEqual([]);
});

it('is in Chinese where it is meant to be', () => {
  const foreign = rows.filter(
    ([word, [, chinese]]) => !/[\u4e00-\u9fff]/.test(chinese) && word !== 'language.switch',
  );
  expect(foreign).toEqual([]);
});

it('names the same values in both languages', () => {
  const apart = rows.filter(
    ([, [english, chinese]]) => String(holes(english)) !== String(holes(chinese)),
  );
  expect(apart).toEqual([]);
});
