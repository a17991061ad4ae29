import { expect, it } from 'vitest';
import type { HourView } from '../api/schema';
import { joined } from './hours';

const hour = (at: string, succeeded: number, median_ms: number | null): HourView => ({
  at,
  succeeded,
  failed: 1,
  cancelled: 0,
  median_ms,
  p95_ms: median_ms,
});

it('sums outcomes and keeps the longest run of each step', () => {
  const rows = [
    hour('2026-01-05T00:00:00Z', 1, 100),
    hour('2026-01-05T05:00:00Z', 2, null),
    hour('2026-01-05T06:00:00Z', 4, 300),
  ];
  const steps = [...joined(rows, 6).values()];
  expect(steps.map((one) => [one.succeeded, one.failed, one.median_ms])).toEqual([
    [3, 2, 100],
    [4, 1, 300],
  ]);
});
