import { afterEach, expect, it } from 'vitest';
import { heardAnswer, heardNothing, isReached } from './connection';

afterEach(() => heardAnswer(performance.now()));

it('hears nothing in an answer that was under way when the connection was lost', () => {
  const askedMs = performance.now() - 1;
  heardNothing();
  heardAnswer(askedMs);
  expect(isReached()).toBe(false);
});

it('hears an answer to what was asked since then', () => {
  heardNothing();
  heardAnswer(performance.now());
  expect(isReached()).toBe(true);
});
