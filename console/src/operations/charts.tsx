import type { UsageView } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { nanoDollars } from '../ui/format';

/** Returns every day of a range, so that days without a task show as a gap. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  const day = new Date(`${from}T12:00:00Z`);
  const last = new Date(`${to}T12:00:00Z`);
  while (day <= last && days.length < 400) {
    days.push(day.toISOString().slice(0, 10));
    day.setUTCDate(day.getUTCDate() + 1);
  }
  return days;
}

/** A bar for each day. The table below it has the same figures for readers of text. */
export function DayChart({ rows, from, to }: { rows: UsageView[]; from: string; to: string }) {
  const { t } = useLanguage();
  const amounts = new Map(rows.map((row) => [row.day, row.amount.nanos]));
  const known = rows.flatMap((row) => (row.day ? [row.day] : [])).sort();
  const today = new Date().toISOString().slice(0, 10);
  const days = daysBetween(from || (known[0] ?? today), to || (known.at(-1) ?? today));
  const most = Math.max(1, ...amounts.values());
  return (
    <div className="chart" role="img" aria-label={t('usage.perDay')}>
      <span>{nanoDollars(most)}</span>
      <div className="chart-bars">
        {days.map((day) => {
          const nanos = amounts.get(day) ?? 0;
          return (
            <div key={day} title={`${day}: ${nanoDollars(nanos)}`}>
              <div style={{ height: `${(nanos / most) * 100}%` }} />
            </div>
          );
        })}
      </div>
      <div className="row spread">
        <span>{days[0]}</span>
        <span>{days.length > 14 && days[days.length >> 1]}</span>
        <span>{days.at(-1)}</span>
      </div>
    </div>
  );
}

/** A bar for each name, the longest first. */
export function BarList({ rows }: { rows: { name: string; nanos: number }[] }) {
  const sorted = [...rows].sort((a, b) => b.nanos - a.nanos).slice(0, 20);
  const most = Math.max(1, sorted[0]?.nanos ?? 1);
  return (
    <div className="bars">
      {sorted.map(({ name, nanos }) => (
        <div key={name}>
          <span>{name || '–'}</span>
          <div className="load">
            <div style={{ width: `${(nanos / most) * 100}%` }} />
          </div>
          <span>{nanoDollars(nanos)}</span>
        </div>
      ))}
    </div>
  );
}
