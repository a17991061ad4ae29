import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client';
import type { AttemptView, DeliveryDetail, DeliveryView, TestResult } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { isWord, sayServer } from '../i18n/words';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Fault } from '../ui/fault';
import { Field, Segments, Select } from '../ui/field';
import { Filters } from '../ui/filters';
import { when } from '../ui/format';
import { Badge, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import type { Column } from '../ui/table';
import { saveCsv, useChange, useFilters, useList } from './desk';
import { Listing } from './listing';
import { Signing } from './signing';

const STATES = ['waiting', 'sent', 'dead', 'superseded'] as const;
const TONES = { sent: 'good', dead: 'bad', waiting: 'wait' } as const;

function State({ state }: { state: string }) {
  const { t } = useLanguage();
  const word = `delivery.${state}`;
  const tone = state in TONES ? TONES[state as keyof typeof TONES] : 'plain';
  return <Badge tone={tone}>{isWord(word) ? t(word) : state}</Badge>;
}

/** What was told to receivers. */
export default function Deliveries() {
  const { t, language } = useLanguage();
  const { may } = useSession();
  const [filters, set] = useFilters({ state: '', task: '', host: '' });
  const list = useList<DeliveryView>('/deliveries', filters, 5000);
  const [view, setView] = useState<'log' | 'signing'>('log');
  const [opened, setOpened] = useState('');
  const [testing, setTesting] = useState(false);
  const columns: Column<DeliveryView>[] = [
    {
      name: t('delivery.url'),
      width: 'minmax(0, 2fr)',
      cell: (one) => <span className="clamp">{one.url}</span>,
    },
    {
      name: t('queue.task'),
      width: '10.5rem',
      cell: (one) => <small className="mono">{one.task}</small>,
    },
    { name: t('delivery.state'), width: '8rem', cell: (one) => <State state={one.state} /> },
    { name: t('delivery.tries'), width: '4rem', align: 'end', cell: (one) => one.attempts },
    {
      name: t('delivery.answer'),
      cell: (one) => <small className="clamp">{sayServer(one.answer ?? '', t)}</small>,
    },
    { name: t('key.created'), width: '11rem', cell: (one) => when(one.created_at, language) },
    {
      name: '',
      width: '6rem',
      align: 'end',
      cell: (one) => (
        <Button className="small" onPress={() => setOpened(one.id)}>
          {t('task.details')}
        </Button>
      ),
    },
  ];
  const actions = (
    <>
      {may('deliveries') && <Button onPress={() => setTesting(true)}>{t('delivery.test')}</Button>}
      <Button icon="download" onPress={() => saveCsv('/deliveries', filters)}>
        {t('do.csv')}
      </Button>
    </>
  );
  return (
    <Page title={t('nav.deliveries')} actions={actions}>
      <Segments
        label={t('nav.deliveries')}
        value={view}
        options={[
          ['log', t('delivery.tab')],
          ['signing', t('signing.title')],
        ]}
        onValue={setView}
      />
      {view === 'signing' && <Signing />}
      {view === 'log' && (
        <>
          <Filters
            values={[filters['host'], filters['state']]}
            more={
              <>
                <Select
                  label={t('delivery.state')}
                  value={filters['state'] ?? ''}
                  options={[
                    ['', t('is.all')],
                    ...STATES.map((one) => [one, t(`delivery.${one}`)] as const),
                  ]}
                  onValue={(value) => set('state', value)}
                />
                <Field
                  label={t('delivery.url')}
                  placeholder="example.com"
                  value={filters['host'] ?? ''}
                  onValue={(value) => set('host', value)}
                />
              </>
            }
          >
            <Field
              label={t('queue.task')}
              data-slash
              value={filters['task'] ?? ''}
              onValue={(value) => set('task', value)}
            />
          </Filters>
          <Listing
            label={t('nav.deliveries')}
            icon="deliveries"
            empty={t('delivery.none')}
            emptyHint={t('delivery.noneText')}
            list={list}
            columns={columns}
            keyOf={(one) => one.id}
          />
        </>
      )}
      {opened && <Detail id={opened} onClose={() => setOpened('')} />}
      {testing && <Test onClose={() => setTesting(false)} />}
    </Page>
  );
}

function Tries({ attempts }: { attempts: AttemptView[] }) {
  const { t, language } = useLanguage();
  return (
    <ol className="stack">
      {attempts.map((one) => (
        <li key={one.sent_at}>
          <strong>{one.status ? `HTTP ${one.status}` : sayServer(one.error, t)}</strong>{' '}
          <small>
            {when(one.sent_at, language)} · {one.duration_ms} ms
          </small>
          {one.response && <pre>{one.response}</pre>}
        </li>
      ))}
    </ol>
  );
}

function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useLanguage();
  const { may } = useSession();
  const change = useChange('/deliveries', 'delivery');
  const found = useQuery({
    queryKey: ['delivery', id],
    queryFn: () => call<DeliveryDetail>('GET', `${ADMIN}/deliveries/${id}`),
  });
  const again = may('deliveries') && (
    <Button kind="primary" onPress={() => change('POST', `/deliveries/${id}/redeliver`)}>
      {t('delivery.again')}
    </Button>
  );
  return (
    <Dialog title={t('delivery.details')} kind="side" onClose={onClose} footer={again}>
      {found.error && <Fault error={found.error} />}
      {!found.data && !found.error && <Skeleton shape="form" />}
      {found.data && (
        <>
          <p className="mono">{found.data.delivery.url}</p>
          <p className="row">
            <State state={found.data.delivery.state} />
            <small className="mono">{found.data.delivery.id}</small>
          </p>
          <h3>{t('delivery.tries')}</h3>
          <Tries attempts={found.data.attempts} />
        </>
      )}
    </Dialog>
  );
}

function Test({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const [url, setUrl] = useState('');
  const [result, setResult] = useState<TestResult | null>(null);
  const send = async () => {
    setResult(
      await call<TestResult>('POST', `${ADMIN}/deliveries/test`, { body: { url: url.trim() } }),
    );
  };
  const { delivered, attempt } = result ?? {};
  return (
    <Dialog
      title={t('delivery.test')}
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={!url.trim()} onPress={send}>
          {t('do.submit')}
        </Button>
      }
    >
      <Field
        label={t('delivery.url')}
        type="url"
        placeholder="https://example.com/hook"
        value={url}
        onValue={setUrl}
      />
      {attempt && (
        <p className={`notice ${delivered ? 'good' : 'bad'}`} role="status">
          {delivered
            ? t('delivery.delivered', { status: attempt.status ?? 0, ms: attempt.duration_ms })
            : t('delivery.failed', {
                error: sayServer(attempt.error, t) || `HTTP ${attempt.status ?? 0}`,
              })}
        </p>
      )}
    </Dialog>
  );
}
