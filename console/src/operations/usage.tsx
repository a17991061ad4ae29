import { useState } from 'react';
import type { UsageView } from '../api/schema';
import { useLanguage } from '../i18n/language';
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

const GROUPS = ['day', 'action', 'account', 'key'] as const;
type Group = (typeof GROUPS)[number];

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
  const nameOf = (row: UsageView) => (by === 'day' ? (row.day ?? '') : row[by]);
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
      </div>
      <Segments
        label={t('usage.by')}
        value={by}
        options={GROUPS.map((one) => [one, t(`usage.${one}`)] as const)}
        onValue={setBy}
      />
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
            keyOf={nameOf}
            {...list.more}
          />
        </>
      )}
    </Page>
  );
}
