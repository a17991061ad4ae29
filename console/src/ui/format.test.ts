import { expect, it } from 'vitest';
import { soon } from './format';

it('says the day of a near moment only where it is another day', () => {
  const now = new Date(2026, 4, 3, 12, 0);
  expect(soon(new Date(2026, 4, 3, 12, 30).getTime(), 'en', now)).toBe('12:30');
  expect(soon(new Date(2026, 4, 4, 0, 30).getTime(), 'en', now)).toContain('4 May 2026');
});
