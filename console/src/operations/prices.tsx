import { useState } from 'react';
import type { PriceView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Switch } from '../ui/field';
import { dollars } from '../ui/format';
import { Badge, Page } from '../ui/page';
import { DataTable, type Column } from '../ui/table';
import { saveCsv, useChange, useList } from './desk';
import { Listing } from './listing';
import { Simulation } from './simulation';

/** What things cost; a price is changed where it stands. */
export default function Prices() {
  const { t } = useLanguage();
  const { may } = useSession();
  const [adding, setAdding] = useState(false);
  const [simulating, setSimulating] = useState(false);
  const [changed, setChanged] = useState(false);
  const [text, setText] = useState('');
  const list = useList<PriceView>('/prices', changed ? { changed: 'true' } : {});
  const writes = may('prices');
  const columns: Column<PriceView>[] = [
    { name: t('price.key'), width: 'minmax(0, 2fr)', cell: (one) => <code>{one.key}</code> },
    {
      name: `${t('price.price')} ($)`,
      width: 'minmax(0, 1.4fr)',
      cell: (one) => (writes ? <Editor key={one.price.usd} price={one} /> : dollars(one.price.usd)),
    },
    {
      name: t('price.default'),
      width: '8rem',
      align: 'end',
      cell: (one) => (one.default ? dollars(one.default.usd) : '–'),
    },
    {
      name: '',
      width: '11rem',
      align: 'end',
      cell: (one) => one.changed && <Reset price={one} writes={writes} />,
    },
  ];
  const rows = list.rows?.filter((one) => one.key.includes(text.trim().toLowerCase()));
  return (
    <Page
      title={t('nav.prices')}
      actions={
        <>
          {writes && (
            <Button
              icon="usage"
              aria-expanded={simulating}
              onPress={() => setSimulating(!simulating)}
            >
              {t('simulation.title')}
            </Button>
          )}
          <Button icon="download" onPress={() => saveCsv('/prices')}>
            {t('do.csv')}
          </Button>
          {writes && (
            <Button kind="primary" icon="plus" onPress={() => setAdding(true)}>
              {t('price.new')}
            </Button>
          )}
        </>
      }
    >
      <div className="filters">
        <Field label={t('do.search')} type="search" data-slash value={text} onValue={setText} />
        <Switch label={t('price.changed')} on={changed} onTurn={setChanged} />
      </div>
      {simulating && <Simulation prices={list.rows ?? []} />}
      {rows?.length ? (
        <DataTable
          label={t('nav.prices')}
          columns={columns}
          rows={rows}
          keyOf={(one) => one.key}
          {...list.more}
        />
      ) : (
        <Listing
          label={t('nav.prices')}
          icon="prices"
          empty={t('price.none')}
          list={{ ...list, rows: rows && [] }}
          columns={columns}
          keyOf={(one) => one.key}
        />
      )}
      {adding && <NewPrice onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Editor({ price }: { price: PriceView }) {
  const { t } = useLanguage();
  const change = useChange('/prices', 'price-list');
  const [usd, setUsd] = useState(price.price.usd);
  const save = () =>
    change('PUT', `/prices/${encodeURI(price.key)}`, { price: { usd: usd.trim() } });
  const dirty = usd.trim() !== price.price.usd;
  return (
    <form className="row price" onSubmit={(event) => event.preventDefault()}>
      <input
        aria-label={`${t('price.price')} ${price.key}`}
        inputMode="decimal"
        value={usd}
        onChange={(event) => setUsd(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setUsd(price.price.usd);
        }}
      />
      {dirty && (
        <Button kind="primary" className="small" type="submit" onPress={save}>
          {t('do.save')}
        </Button>
      )}
    </form>
  );
}

function Reset({ price, writes }: { price: PriceView; writes: boolean }) {
  const { t } = useLanguage();
  const change = useChange('/prices', 'price-list');
  if (!writes) return <Badge tone="busy">*</Badge>;
  return (
    <Button className="small" onPress={() => change('DELETE', `/prices/${encodeURI(price.key)}`)}>
      {t(price.default ? 'price.reset' : 'do.remove')}
    </Button>
  );
}

function NewPrice({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const change = useChange('/prices', 'price-list');
  const [key, setKey] = useState('');
  const [usd, setUsd] = useState('');
  const add = async () => {
    await change('PUT', `/prices/${encodeURI(key.trim())}`, { price: { usd: usd.trim() } });
    onClose();
  };
  return (
    <Dialog
      title={t('price.new')}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="primary" disabled={!key.trim() || !usd.trim()} onPress={add}>
            {t('do.create')}
          </Button>
        </>
      }
    >
      <Field
        label={t('price.key')}
        hint={t('price.keyHint')}
        placeholder="midjourney@imagine-v7-fast"
        value={key}
        onValue={setKey}
      />
      <Field
        label={`${t('price.price')} ($)`}
        inputMode="decimal"
        placeholder="0.05"
        value={usd}
        onValue={setUsd}
      />
    </Dialog>
  );
}
