import type { HourView } from '../api/schema';

export const HOUR_MS = 3_600_000;

/** Returns the hours joined in steps: outcomes are summed, of durations the longest stands. */
export function joined(rows: readonly HourView[], step: number): Map<number, HourView> {
  const found = new Map<number, HourView>();
  for (const row of rows) {
    const slot = Math.floor(Date.parse(row.at) / HOUR_MS / step);
    const other = found.get(slot);
    found.set(slot, {
      at: other?.at ?? row.at,
      succeeded: row.succeeded + (other?.succeeded ?? 0),
      failed: row.failed + (other?.failed ?? 0),
      cancelled: row.cancelled + (other?.cancelled ?? 0),
      median_ms: Math.max(row.median_ms ?? 0, other?.median_ms ?? 0),
      p95_ms: Math.max(row.p95_ms ?? 0, other?.p95_ms ?? 0),
    });
  }
  return found;
}
