import { useState } from 'react';
import { call } from '../api/client';
import type { Money, PriceView, SimulationLine, SimulationView } from '../api/schema';
import { ADMIN } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { Field } from '../ui/field';
import { count, dollars, nanoDollars } from '../ui/format';
import { Figure } from '../ui/page';
import { DataTable, type Column } from '../ui/table';
import { dayEdge } from './desk';
import { Days } from './listing';

interface Edit {
  key: string;
  usd: string;
}

function daysAgo(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() - days);
  return day.toLocaleDateString('sv');
}

/** “What would last week have cost”, with other prices; nothing is changed by asking. */
export function Simulation({ prices }: { prices: readonly PriceView[] }) {
  const { t } = useLanguage();
  const [from, setFrom] = useState(() => daysAgo(7));
  const [to, setTo] = useState(() => daysAgo(0));
  const [edits, setEdits] = useState<Edit[]>([{ key: 'midjourney@imagine-fast', usd: '' }]);
  const [found, setFound] = useState<SimulationView | null>(null);
  const ask = async () => {
    const given = edits.filter((one) => one.key.trim() && one.usd.trim());
    const body = {
      since: dayEdge(from),
      until: dayEdge(to, true),
      prices: Object.fromEntries(given.map((one) => [one.key.trim(), { usd: one.usd.trim() }])),
    };
    setFound(await call<SimulationView>('POST', `${ADMIN}/prices/simulation`, { body }));
  };
  const change = (index: number, values: Partial<Edit>) =>
    setEdits((now) => now.map((one, at) => (at === index ? { ...one, ...values } : one)));
  return (
    <section className="card" aria-label={t('simulation.title')}>
      <h2>{t('simulation.title')}</h2>
      <p className="muted">{t('simulation.text')}</p>
      <div className="filters">
        <Days from={from} to={to} onFrom={setFrom} onTo={setTo} />
      </div>
      {edits.map((edit, index) => (
        <div key={index} className="filters">
          <Field
            label={t('price.key')}
            list="price-keys"
            value={edit.key}
            onValue={(key) => change(index, { key })}
          />
          <Field
            label={t('simulation.price')}
            inputMode="decimal"
            placeholder={prices.find((one) => one.key === edit.key)?.price.usd ?? '0.05'}
            value={edit.usd}
            onValue={(usd) => change(index, { usd })}
          />
          <IconButton
            label={t('do.remove')}
            icon="close"
            disabled={edits.length < 2}
            onPress={() => setEdits(edits.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <datalist id="price-keys">
        {prices.map((one) => (
          <option key={one.key} value={one.key} />
        ))}
      </datalist>
      <div className="row">
        <Button icon="plus" onPress={() => setEdits([...edits, { key: '', usd: '' }])}>
          {t('simulation.more')}
        </Button>
        <Button kind="primary" disabled={!from || !to} onPress={ask}>
          {t('simulation.ask')}
        </Button>
      </div>
      {found && <Outcome found={found} />}
    </section>
  );
}

function Difference({ from, to }: { from: Money; to: Money }) {
  const nanos = to.nanos - from.nanos;
  return (
    <span className={nanos > 0 ? 'plus' : ''}>
      {nanos > 0 && '+'}
      {nanoDollars(nanos)}
    </span>
  );
}

function Outcome({ found }: { found: SimulationView }) {
  const { t, language } = useLanguage();
  const columns: Column<SimulationLine>[] = [
    {
      name: t('price.key'),
      width: 'minmax(0, 2fr)',
      cell: (line) => <code>{line.price_key}</code>,
    },
    { name: t('simulation.sold'), align: 'end', cell: (line) => count(line.sold, language) },
    { name: t('simulation.paid'), align: 'end', cell: (line) => dollars(line.paid.usd) },
    { name: t('simulation.today'), align: 'end', cell: (line) => dollars(line.today.usd) },
    { name: t('simulation.changed'), align: 'end', cell: (line) => dollars(line.changed.usd) },
    {
      name: t('simulation.difference'),
      align: 'end',
      cell: (line) => <Difference from={line.paid} to={line.changed} />,
    },
  ];
  return (
    <div className="stack" role="status">
      <div className="figures">
        <Figure label={t('simulation.paid')} value={dollars(found.paid.usd)} />
        <Figure label={t('simulation.today')} value={dollars(found.today.usd)} />
        <Figure label={t('simulation.changed')} value={dollars(found.changed.usd)} />
        <Figure
          label={t('simulation.difference')}
          value={<Difference from={found.paid} to={found.changed} />}
        />
      </div>
      {!found.whole && <p className="notice">{t('simulation.part')}</p>}
      {found.lines.length > 0 ? (
        <DataTable
          label={t('simulation.title')}
          columns={columns}
          rows={found.lines}
          keyOf={(line) => line.price_key}
        />
      ) : (
        <p className="muted">{t('usage.none')}</p>
      )}
    </div>
  );
}
