import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { priceBook, type PriceBook } from '../api/books';
import { ApiError } from '../api/client';
import { useLanguage } from '../i18n/language';
import { isWord, type Translate } from '../i18n/words';
import { Fault } from '../ui/fault';
import { Field } from '../ui/field';
import { dollars } from '../ui/format';
import { Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import { taskRows, type TaskRow } from './task-rows';

interface ModelRow {
  model: string;
  unit: string;
  price: string;
}

/** The price list as customers read it; also without a login, where the operator allows that. */
export default function PriceList() {
  const { t } = useLanguage();
  const found = useQuery({ queryKey: ['price-book'], queryFn: priceBook });
  const closed = found.error instanceof ApiError && found.error.status === 401;
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim().toLowerCase());
  return (
    <Page title={t('nav.priceList')}>
      <p className="muted">{t('priceList.lead')}</p>
      {closed && (
        <Empty icon="prices" title={t('priceList.closed')} text={t('priceList.closedText')} />
      )}
      {found.error && !closed && <Fault error={found.error} retry={() => void found.refetch()} />}
      {!found.data && !found.error && <Skeleton />}
      {found.data && (
        <>
          <div className="filters">
            <Field label={t('do.search')} type="search" data-slash value={text} onValue={setText} />
          </div>
          <Tasks book={found.data} wanted={wanted} />
          <Models book={found.data} wanted={wanted} />
        </>
      )}
    </Page>
  );
}

function Tasks({ book, wanted }: { book: PriceBook; wanted: string }) {
  const { t } = useLanguage();
  const price = (usd: string) => (usd ? dollars(usd) : '–');
  const name = (action: string) => {
    const word = `action.${action.toUpperCase()}`;
    if (!action) return t('priceList.others');
    return isWord(word) ? t(word) : action.replaceAll('_', ' ');
  };
  const columns: Column<TaskRow>[] = [
    {
      name: t('gallery.action'),
      width: 'minmax(0, 2fr)',
      cell: (row) => (
        <>
          {name(row.action)} <small>{row.model}</small>
        </>
      ),
    },
    { name: t('speed.relax'), align: 'end', cell: (row) => price(row.relax) },
    { name: t('speed.fast'), align: 'end', cell: (row) => price(row.fast) },
    { name: t('speed.turbo'), align: 'end', cell: (row) => price(row.turbo) },
  ];
  const rows = taskRows(book.tasks).filter((row) => `${row.action} ${row.model}`.includes(wanted));
  if (!rows.length) return <Empty icon="prices" title={t('price.none')} />;
  return (
    <section className="stack">
      <h2>{t('priceList.tasks')}</h2>
      <DataTable
        label={t('priceList.tasks')}
        columns={columns}
        rows={rows}
        keyOf={(row) => `${row.action}-${row.model}`}
      />
    </section>
  );
}

/** What is counted; of pictures it may be those of one quality, such as `image-hd`. */
function unitName(unit: string, t: Translate): string {
  const [kind = '', ...quality] = unit.split('-');
  const word = `unit.${kind}`;
  return [isWord(word) ? t(word) : kind, ...quality].join('-');
}

function Models({ book, wanted }: { book: PriceBook; wanted: string }) {
  const { t } = useLanguage();
  const columns: Column<ModelRow>[] = [
    { name: t('chat.model'), width: 'minmax(0, 2fr)', cell: (row) => row.model },
    {
      name: t('priceList.unit'),
      cell: (row) => {
        const amount = book.per[row.unit] ?? '1';
        return `${amount === '1' ? '' : amount} ${unitName(row.unit, t)}`;
      },
    },
    { name: t('price.price'), align: 'end', cell: (row) => dollars(row.price) },
  ];
  const rows = Object.entries(book.models)
    .filter(([model]) => model.toLowerCase().includes(wanted))
    .flatMap(([model, units]) =>
      Object.entries(units).map(([unit, price]) => ({ model, unit, price })),
    );
  if (!rows.length) return null;
  return (
    <section className="stack">
      <h2>{t('priceList.models')}</h2>
      <DataTable
        label={t('priceList.models')}
        columns={columns}
        rows={rows}
        keyOf={(row) => `${row.model}:${row.unit}`}
      />
    </section>
  );
}
