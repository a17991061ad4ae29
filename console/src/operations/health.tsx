import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { call } from '../api/client';
import type { ChannelView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Fault } from '../ui/fault';
import { Figure, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { ChannelState } from './channel-detail';
import { useList } from './desk';
import { Check } from './ledger';
import './operations.css';

interface Status {
  status: string;
  version?: string;
}

const POLL_MS = 5000;

/** Whether everything works, on one screen. */
export default function Health() {
  const { t } = useLanguage();
  const { me } = useSession();
  const alive = useQuery({
    queryKey: ['healthz'],
    queryFn: () => call<Status>('GET', '/healthz'),
    refetchInterval: POLL_MS,
  });
  const ready = useQuery({
    queryKey: ['readyz'],
    queryFn: () => call<Status>('GET', '/readyz'),
    refetchInterval: POLL_MS,
  });
  const channels = useList<ChannelView>('/channels', {}, POLL_MS);
  return (
    <Page title={t('nav.health')}>
      <div className="figures">
        <Figure label={t('health.version')} value={alive.data?.version ?? '–'} />
        <Works label={t('health.process')} of={alive} />
        <Works label={t('health.database')} of={ready} />
        <Figure label={t('health.you')} value={me ? t(`role.${me.key.role}`) : '–'} />
      </div>
      <Check />
      <section className="card">
        <h2>{t('health.channels')}</h2>
        {channels.error && !channels.rows && <Fault error={channels.error} />}
        {!channels.rows && !channels.error && <Skeleton />}
        {channels.rows?.map((one) => (
          <div key={one.id} className="lane-title">
            <span>
              {one.name} <small>{one.provider}</small>
            </span>
            <span className="row">
              <small>
                {t('queue.load', {
                  running: one.running,
                  core: one.core_size,
                  waiting: one.waiting,
                })}
              </small>
              <ChannelState channel={one} />
            </span>
          </div>
        ))}
      </section>
      <p className="muted">{t('health.hint')}</p>
    </Page>
  );
}

function Works({ label, of }: { label: string; of: UseQueryResult }) {
  const { t } = useLanguage();
  const ok = !of.error;
  // Not asked yet is neither good nor bad.
  if (ok && !of.data) return <Figure label={label} value="–" />;
  return (
    <Figure label={label} value={t(ok ? 'health.ok' : 'health.bad')} tone={ok ? 'good' : 'bad'} />
  );
}
