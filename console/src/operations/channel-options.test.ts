import { expect, it } from 'vitest';
import { MASK, mergedOptions, otherOptions, readOption, shownOption } from './channel-options';

it('shows and reads texts, lists and objects alike', () => {
  for (const value of ['a,b', ['a', 'b'], { ours: 'theirs' }]) {
    expect(readOption(shownOption(value))).toEqual(value);
  }
  expect(readOption('[not json')).toBe('[not json');
});

it('never shows a credential, and keeps it while nobody types another', () => {
  const stored = { secret: MASK, mask: 'light' };
  expect(shownOption(stored.secret)).toBe('');
  expect(mergedOptions(stored, { mask: 'transparent' }, {})).toEqual({
    secret: MASK,
    mask: 'transparent',
  });
  expect(mergedOptions(stored, { secret: 'new' }, {})).toEqual({ secret: 'new', mask: 'light' });
});

it('takes away what was emptied', () => {
  expect(mergedOptions({ mask: 'light' }, { mask: '' }, {})).toEqual({});
});

it('leaves what a provider does not declare to the last field', () => {
  expect(otherOptions({ secret: MASK, odd: 1 }, ['secret'])).toBe('{\n "odd": 1\n}');
  expect(mergedOptions({}, {}, { odd: 2 })).toEqual({ odd: 2 });
});
