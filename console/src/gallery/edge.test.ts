import { expect, it } from 'vitest';
import { edge } from './edge';

const times = [90, 70, 70, 40, 10];
const find = (moment: number) =>
  edge(times.length, moment, (place) => Promise.resolve(times[place] ?? 0));

it('finds where a list, newest first, crosses a moment', async () => {
  expect(await find(100)).toBe(0);
  expect(await find(90)).toBe(1);
  expect(await find(71)).toBe(1);
  expect(await find(70)).toBe(3);
  expect(await find(10)).toBe(5);
});
