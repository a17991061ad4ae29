import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client';
import type { AccountView, CheckView, EntryView, StatementLine } from '../api/schema';
import { ADMIN } from '../api/session';
import { useLanguage } from '../i18n/language';
import { isWord, sayServer } from '../i18n/words';
import { Button } from '../ui/button';
import { Field, Segments, Select } from '../ui/field';
import { Filters } from '../ui/filters';
import { dollars } from '../ui/format';
import { Fault } from '../ui/fault';
import { Figure, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import type { Column } from '../ui/table';
import { AccountSelect } from './account-select';
import { dayEdge, saveCsv, useFilters, useList } from './desk';
import { Amount, Book, usePostingColumns, useVerb, VERBS } from './ledger-parts';
import { Days, Listing } from './listing';

/** All money: postings, statements and the proof of the books. */
export default function Ledger() {
  const { t } = useLanguage();
  const [view, setView] = useState<'entries' | 'statement'>('entries');
  const accounts = useList<AccountView>('/accounts');
  return (
    <Page title={t('nav.ledger')}>
      <Check />
      <Segments
        label={t('nav.ledger')}
        value={view}
        options={[
          ['entries', t('ledger.entries')],
          ['statement', t('ledger.statement')],
        ]}
        onValue={setView}
      />
      {view === 'entries' ? (
        <Entries accounts={accounts.rows ?? []} />
      ) : (
        <Statements list={accounts} />
      )}
    </Page>
  );
}

function Statements({ list }: { list: ReturnType<typeof useList<AccountView>> }) {
  if (list.error && !list.rows)
    return <Fault error={list.error} retry={() => void list.refetch()} />;
  const first = list.rows?.[0];
  if (!list.rows || !first) return <Skeleton />;
  return <Statement accounts={list.rows} first={first.id} />;
}

/** Whether all sums agree. */
export function Check() {
  const { t } = useLanguage();
  const check = useQuery({
    queryKey: ['ledger-check'],
    queryFn: () => call<CheckView>('GET', `${ADMIN}/ledger/check`),
  });
  const finding = (what: string) => {
    const word = `ledger.what.${what}`;
    return isWord(word) ? t(word) : what;
  };
  if (check.error) return <Fault error={check.error} retry={() => void check.refetch()} />;
  if (!check.data) return <Skeleton shape="figures" />;
  const { ok, drift, held, open_tasks, findings } = check.data;
  return (
    <>
      <div className="figures">
        <Figure
          label={t('health.books')}
          value={t(ok ? 'ledger.ok' : 'ledger.notOk')}
          tone={ok ? 'good' : 'bad'}
        />
        <Figure label={t('ledger.drift')} value={dollars(drift.usd)} />
        <Figure label={t('ledger.held')} value={dollars(held.usd)} />
        <Figure label={t('ledger.open')} value={open_tasks} />
      </div>
      {findings.map((one) => (
        <p key={one.what + one.of} className="notice bad">
          {t('ledger.expected', {
            what: finding(one.what),
            of: one.of,
            expected: dollars(one.expected.usd),
            found: dollars(one.found.usd),
          })}
        </p>
      ))}
    </>
  );
}

function Entries({ accounts }: { accounts: AccountView[] }) {
  const { t } = useLanguage();
  const verb = useVerb();
  const first = usePostingColumns<EntryView>();
  const [filters, set] = useFilters({ account: '', verb: '', task: '', from: '', to: '' });
  const { from = '', to = '', ...rest } = filters;
  const asked = { ...rest, since: dayEdge(from), until: dayEdge(to, true) };
  const list = useList<EntryView>('/ledger/entries', asked);
  const columns: Column<EntryView>[] = [
    ...first,
    {
      name: t('ledger.amount'),
      width: '8rem',
      align: 'end',
      cell: (one) => <Amount money={one.amount} />,
    },
    { name: t('ledger.from'), cell: (one) => <Book name={one.source} accounts={accounts} /> },
    { name: t('ledger.to'), cell: (one) => <Book name={one.destination} accounts={accounts} /> },
    {
      name: t('queue.task'),
      width: '10rem',
      cell: (one) => <small className="mono">{one.task ?? one.reference}</small>,
    },
    {
      name: t('account.note'),
      width: 'minmax(0, 1.4fr)',
      cell: (one) => <small className="clamp">{sayServer(one.note, t) || one.price_key}</small>,
    },
  ];
  return (
    <>
      <Filters
        values={[filters['verb'], from, to, filters['task']]}
        more={
          <>
            <Select
              label={t('ledger.verb')}
              value={filters['verb'] ?? ''}
              options={[['', t('is.all')], ...VERBS.map((one) => [one, verb(one)] as const)]}
              onValue={(value) => set('verb', value)}
            />
            <Days
              from={from}
              to={to}
              onFrom={(date) => set('from', date)}
              onTo={(date) => set('to', date)}
            />
            <Field
              label={t('queue.task')}
              value={filters['task'] ?? ''}
              onValue={(value) => set('task', value)}
            />
          </>
        }
        actions={
          <Button icon="download" onPress={() => saveCsv('/ledger/entries', asked)}>
            {t('do.csv')}
          </Button>
        }
      >
        <AccountSelect
          all
          accounts={accounts}
          value={filters['account'] ?? ''}
          onValue={(value) => set('account', value)}
        />
      </Filters>
      <Listing
        label={t('ledger.entries')}
        icon="ledger"
        empty={t('ledger.none')}
        list={list}
        columns={columns}
        keyOf={(one) => one.id}
      />
    </>
  );
}

function Statement({ accounts, first }: { accounts: AccountView[]; first: string }) {
  const { t } = useLanguage();
  const start = usePostingColumns<StatementLine>();
  const [filters, set] = useFilters({ account: first, from: '', to: '' });
  const { account = first, from = '', to = '' } = filters;
  const asked = { since: dayEdge(from), until: dayEdge(to, true) };
  const path = `/accounts/${account}/statement`;
  const list = useList<StatementLine>(path, asked);
  const columns: Column<StatementLine>[] = [
    ...start,
    {
      name: t('ledger.amount'),
      width: '9rem',
      align: 'end',
      cell: (one) => <Amount money={one.amount} signed />,
    },
    {
      name: t('queue.task'),
      width: '11rem',
      cell: (one) => <small className="mono">{one.task}</small>,
    },
    {
      name: t('account.note'),
      cell: (one) => <small>{sayServer(one.note, t) || one.price_key}</small>,
    },
  ];
  return (
    <>
      <Filters
        values={[from, to]}
        more={
          <Days
            from={from}
            to={to}
            onFrom={(date) => set('from', date)}
            onTo={(date) => set('to', date)}
          />
        }
        actions={
          <Button icon="download" onPress={() => saveCsv(path, asked)}>
            {t('do.csv')}
          </Button>
        }
      >
        <AccountSelect
          accounts={accounts}
          value={account}
          onValue={(value) => set('account', value)}
        />
      </Filters>
      <Listing
        label={t('ledger.statement')}
        icon="ledger"
        empty={t('ledger.none')}
        list={list}
        columns={columns}
        keyOf={(one) => one.id}
      />
    </>
  );
}
