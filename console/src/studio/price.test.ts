import { expect, it } from 'vitest';
import { priceOf, quote } from './price';

const prices = new Map([
  ['midjourney', 1],
  ['midjourney@imagine', 20_000_000],
  ['midjourney@imagine-fast', 50_040_000],
  ['midjourney@imagine-v7-turbo', 100_000_000],
]);

it('takes the most precise key', () => {
  expect(quote(prices, 'imagine', 'v7', 'turbo')).toBe(100_000_000);
  expect(quote(prices, 'imagine', 'v6.1', 'fast')).toBe(50_040_000);
  expect(quote(prices, 'imagine', '', 'relax')).toBe(20_000_000);
  expect(quote(prices, 'video', '', 'fast')).toBe(1);
  expect(quote(new Map(), 'video', '', 'fast')).toBeUndefined();
});

it('reads version and speed from the prompt', () => {
  expect(priceOf(prices, 'imagine', 'a fox --v 7 --turbo')).toBe('$0.10');
  expect(priceOf(prices, 'imagine', 'a fox')).toBe('$0.05004');
  expect(priceOf(undefined, 'imagine', 'a fox')).toBe('');
});
