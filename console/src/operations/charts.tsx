import type { UsageView } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { nanoDollars } from '../ui/format';

const HEIGHT = 180;
const WIDTH = 720;

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
  const step = WIDTH / Math.max(1, days.length);
  const bar = Math.max(1, Math.min(28, step * 0.7));
  return (
    <svg
      className="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT + 20}`}
      role="img"
      aria-label={t('usage.perDay')}
    >
      <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      <text x="0" y="10">
        {nanoDollars(most)}
      </text>
      {days.map((day, index) => {
        const nanos = amounts.get(day) ?? 0;
        const height = (nanos / most) * (HEIGHT - 18);
        const middle = index * step + step / 2;
        return (
          <g key={day}>
            <title>{`${day}: ${nanoDollars(nanos)}`}</title>
            <rect className="back" x={index * step} y="0" width={step} height={HEIGHT} />
            <rect x={middle - bar / 2} y={HEIGHT - height} width={bar} height={height} rx="2" />
            {(index === 0 ||
              index === days.length - 1 ||
              (days.length > 14 && index === days.length >> 1)) && (
              <text
                x={index === 0 ? 0 : index === days.length - 1 ? WIDTH : middle}
                y={HEIGHT + 15}
                textAnchor={index === 0 ? 'start' : index === days.length - 1 ? 'end' : 'middle'}
              >
                {day}
              </text>
            )}
          </g>
        );
      })}
    </svg>
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
