import { useState } from 'react';
import type { AccountView, KeyView, UsageView } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { isWord } from '../i18n/words';
import { Button } from '../ui/button';
import { Fault } from '../ui/fault';
import { Segments } from '../ui/field';
import { count, dollars, nanoDollars } from '../ui/format';
import { Empty, Figure, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import { BarList, DayChart } from './charts';
import { dayEdge, saveCsv, useFilters, useList } from './desk';
import { Days } from './listing';

const GROUPS = ['day', 'model', 'action', 'account', 'key'] as const;
type Group = (typeof GROUPS)[number];

/** Returns what a group is called by people: accounts and keys by their names. */
function useNames(): (by: Group, id: string) => string {
  const { t } = useLanguage();
  const accounts = useList<AccountView>('/accounts');
  const keys = useList<KeyView>('/keys');
  return (by, id) => {
    if (by === 'account') return accounts.rows?.find((one) => one.id === id)?.name ?? id;
    if (by === 'key') return keys.rows?.find((one) => one.id === id)?.name ?? id;
    const word = `action.${id}`;
    return by === 'action' && isWord(word) ? t(word) : id;
  };
}

function firstDay(): string {
  const day = new Date();
  day.setDate(day.getDate() - 29);
  return day.toLocaleDateString('sv');
}

/** What was captured, drawn. */
export default function Usage() {
  const { t, language } = useLanguage();
  const [by, setBy] = useState<Group>('day');
  const [filters, set] = useFilters({ from: firstDay(), to: '' });
  const { from = '', to = '' } = filters;
  const asked = { by, since: dayEdge(from), until: dayEdge(to, true) };
  const list = useList<UsageView>('/usage', asked);
  const rows = list.rows ?? [];
  const names = useNames();
  const nameOf = (row: UsageView) => (by === 'day' ? (row.day ?? '') : names(by, row[by]));
  const idOf = (row: UsageView) => (by === 'day' ? (row.day ?? '') : row[by]);
  const columns: Column<UsageView>[] = [
    { name: t(`usage.${by}`), width: 'minmax(0, 2fr)', cell: nameOf },
    { name: t('usage.tasks'), align: 'end', cell: (row) => count(row.tasks, language) },
    { name: t('usage.amount'), align: 'end', cell: (row) => dollars(row.amount.usd) },
  ];
  const total = rows.reduce((sum, row) => sum + row.amount.nanos, 0);
  const tasks = rows.reduce((sum, row) => sum + row.tasks, 0);
  return (
    <Page
      title={t('nav.usage')}
      actions={
        <Button icon="download" onPress={() => saveCsv('/usage', asked)}>
          {t('do.csv')}
        </Button>
      }
    >
      <div className="filters">
        <Days
          from={from}
          to={to}
          onFrom={(date) => set('from', date)}
          onTo={(date) => set('to', date)}
        />
        <Segments
          label={t('usage.by')}
          value={by}
          options={GROUPS.map((one) => [one, t(`usage.${one}`)] as const)}
          onValue={setBy}
        />
      </div>
      {list.error && <Fault error={list.error} retry={() => void list.refetch()} />}
      {!list.rows && !list.error && (
        <>
          <Skeleton shape="figures" />
          <Skeleton />
        </>
      )}
      {list.rows && !rows.length && <Empty icon="usage" title={t('usage.none')} />}
      {rows.length > 0 && (
        <>
          <div className="figures">
            <Figure label={t('usage.total')} value={nanoDollars(total)} />
            <Figure label={t('usage.tasks')} value={count(tasks, language)} />
          </div>
          <section className="card">
            <h2>{t(by === 'day' ? 'usage.perDay' : 'usage.amount')}</h2>
            {by === 'day' ? (
              <DayChart rows={rows} from={from} to={to} />
            ) : (
              <BarList rows={rows.map((row) => ({ name: nameOf(row), nanos: row.amount.nanos }))} />
            )}
          </section>
          <DataTable
            label={t('nav.usage')}
            columns={columns}
            rows={rows}
            keyOf={idOf}
            {...list.more}
          />
        </>
      )}
    </Page>
  );
}
