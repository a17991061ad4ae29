import { describe, expect, it } from 'vitest';
import { say, sayCode, words, type Word } from './words';

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

describe('what a code means', () => {
  const english = (word: Word) => say('en', word);
  const chinese = (word: Word) => say('zh', word);

  it('is said alone when the gateway adds nothing', () => {
    const usual = 'No channel offers this model or action.';
    expect(sayCode('code', 'unknown_model', usual, chinese)).toBe('没有渠道提供该模型或操作。');
    expect(sayCode('code', 'unknown_model', usual, english)).toBe(usual);
  });

  it('gives way to what the gateway says in the same language', () => {
    expect(sayCode('code', 'invalid_order', 'stylize is 0–1000', english)).toBe(
      'stylize is 0–1000',
    );
    expect(sayCode('code', 'invalid_order', '参数错误', chinese)).toBe('参数错误');
  });

  it('stands before what is said in another language', () => {
    expect(sayCode('code', 'invalid_order', 'stylize is 0–1000', chinese)).toMatch(
      /[\u4e00-\u9fff].*（stylize is 0–1000）。/,
    );
    expect(sayCode('fail', 'timeout', '任务超时', english)).toBe(
      'The task took too long and was given up.',
    );
  });

  it('is nothing for a code that nobody knows', () => {
    expect(sayCode('code', 'new_code', 'as it was said', chinese)).toBe('as it was said');
  });
});
