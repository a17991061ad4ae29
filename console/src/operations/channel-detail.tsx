import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client';
import type { ChannelView, HourView, TestView } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { sayServer } from '../i18n/words';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Fault } from '../ui/fault';
import { Segments } from '../ui/field';
import { count, soon, when } from '../ui/format';
import { Badge, Figure } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { HOUR_MS, joined } from './hours';

const SPANS = ['24', '168', '720'] as const;
type Span = (typeof SPANS)[number];
/** How many hours stand in one bar, by how many are shown. */
const STEPS: Record<Span, number> = { '24': 1, '168': 6, '720': 24 };

/** How a channel stands: whether it takes tasks, starts them, or rests after failures. */
export function ChannelState({ channel }: { channel: ChannelView }) {
  const { t, language } = useLanguage();
  if (!channel.enabled) return <Badge tone="bad">{t('account.disabled')}</Badge>;
  if (channel.paused) return <Badge tone="wait">{t('channel.paused')}</Badge>;
  if (channel.broken_until) {
    return (
      <span title={sayServer(channel.broken_reason, t)}>
        <Badge tone="bad">{t('channel.rests', { at: soon(channel.broken_until, language) })}</Badge>
      </span>
    );
  }
  return <Badge tone="good">{t('account.enabled')}</Badge>;
}

/** One channel: its state with the reason, a test of it, and how it did. */
export function ChannelDetail({ channel, onClose }: { channel: ChannelView; onClose: () => void }) {
  const { t } = useLanguage();
  const { may } = useSession();
  const [span, setSpan] = useState<Span>('24');
  return (
    <Dialog title={channel.name} kind="side" onClose={onClose}>
      <p className="row">
        <ChannelState channel={channel} />
        <small>{channel.provider}</small>
        <small className="mono">{channel.id}</small>
      </p>
      {channel.broken_reason && <p className="notice bad">{sayServer(channel.broken_reason, t)}</p>}
      {may('channels') && <Probe id={channel.id} />}
      <Segments
        label={t('channel.span')}
        value={span}
        options={SPANS.map((one) => [one, t(`channel.span${one}`)] as const)}
        onValue={setSpan}
      />
      <Record id={channel.id} span={span} />
    </Dialog>
  );
}

function Probe({ id }: { id: string }) {
  const { t } = useLanguage();
  const [found, setFound] = useState<TestView | null>(null);
  return (
    <div className="row">
      <Button
        onPress={async () => setFound(await call<TestView>('POST', `${ADMIN}/channels/${id}/test`))}
      >
        {t('channel.test')}
      </Button>
      {found && (
        <span className={`notice ${found.works ? 'good' : 'bad'}`} role="status">
          {found.works ? t('channel.works') : sayServer(found.reason, t)}
        </span>
      )}
    </div>
  );
}

function Record({ id, span }: { id: string; span: Span }) {
  const { t, language } = useLanguage();
  const found = useQuery({
    queryKey: ['channel-record', id, span],
    queryFn: () => call<HourView[]>('GET', `${ADMIN}/channels/${id}/record?hours=${span}`),
  });
  if (found.error) return <Fault error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton shape="figures" />;
  const rows = found.data;
  const sum = (name: 'succeeded' | 'failed' | 'cancelled') =>
    rows.reduce((total, row) => total + row[name], 0);
  const [good, bad] = [sum('succeeded'), sum('failed')];
  const worst = Math.max(0, ...rows.map((row) => row.p95_ms ?? 0));
  if (!rows.length) return <p className="muted">{t('channel.noRecord')}</p>;
  return (
    <>
      <div className="figures">
        <Figure
          label={t('channel.success')}
          value={good + bad ? `${((good / (good + bad)) * 100).toFixed(1)} %` : '–'}
        />
        <Figure label={t('status.SUCCESS')} value={count(good, language)} />
        <Figure label={t('status.FAILURE')} value={count(bad, language)} />
        <Figure label={t('channel.slowest')} value={`${(worst / 1000).toFixed(1)} s`} />
      </div>
      <Bars
        label={t('channel.outcomes')}
        rows={rows}
        span={span}
        parts={(row) => [
          ['good', row.succeeded],
          ['bad', row.failed],
          ['plain', row.cancelled],
        ]}
        write={(value) => count(value, language)}
      />
      <Bars
        label={t('channel.latency')}
        rows={rows}
        span={span}
        parts={(row) => [
          ['busy', row.median_ms ?? 0],
          ['wait', (row.p95_ms ?? 0) - (row.median_ms ?? 0)],
        ]}
        write={(value) => `${(value / 1000).toFixed(1)} s`}
      />
    </>
  );
}

interface BarsProps {
  label: string;
  rows: HourView[];
  span: Span;
  /** What stands on each other in the bar of an hour, from below, with its colour. */
  parts: (row: HourView) => [tone: string, value: number][];
  write: (value: number) => string;
}

/** A bar for each step of time; one without a task is a gap. */
function Bars({ label, rows, span, parts, write }: BarsProps) {
  const { language } = useLanguage();
  const step = STEPS[span];
  const slotMs = step * HOUR_MS;
  const end = Math.floor(Date.now() / slotMs);
  const bySlot = joined(rows, step);
  const total = (row: HourView) => parts(row).reduce((sum, [, value]) => sum + value, 0);
  const most = Math.max(1, ...[...bySlot.values()].map(total));
  const count = Number(span) / step + 1;
  const slots = Array.from({ length: count }, (_, index) => end - count + 1 + index);
  const figures = (row: HourView) => parts(row).map(([, value]) => write(value));
  return (
    <figure className="chart">
      <figcaption className="row spread">
        <strong>{label}</strong>
        <span>{write(most)}</span>
      </figcaption>
      <div className="chart-bars stacked" role="img" aria-label={label}>
        {slots.map((slot) => {
          const row = bySlot.get(slot);
          const said = row && `${when(row.at, language)}: ${figures(row).join(' / ')}`;
          return (
            <div key={slot} title={said}>
              {row &&
                parts(row).map(([tone, value]) => (
                  <div key={tone} className={tone} style={{ height: `${(value / most) * 100}%` }} />
                ))}
            </div>
          );
        })}
      </div>
      <div className="row spread">
        <span>{when((slots[0] ?? 0) * slotMs, language)}</span>
        <span>{when(end * slotMs, language)}</span>
      </div>
    </figure>
  );
}
