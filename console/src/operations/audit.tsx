import type { KeyView, RecordView } from '../api/schema';
import { auditWords } from '../i18n/audit';
import { useLanguage } from '../i18n/language';
import { isWord } from '../i18n/words';
import { Button } from '../ui/button';
import { Field, Select } from '../ui/field';
import { Filters } from '../ui/filters';
import { when } from '../ui/format';
import { Page } from '../ui/page';
import type { Column } from '../ui/table';
import { dayEdge, saveCsv, useFilters, useList } from './desk';
import { Days, Listing } from './listing';

type Values = Record<string, unknown> | null;

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The fields that a change touched, with what they were and became. */
function Change({ before, after }: { before: Values; after: Values }) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter(
    (name) =>
      JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]) &&
      (after?.[name] ?? before?.[name] ?? '') !== '',
  );
  return (
    <div className="change">
      {changed.slice(0, 3).map((name) => (
        <span key={name}>
          {name}: {before && name in before && <del>{shown(before[name])}</del>}{' '}
          {after && name in after && <ins>{shown(after[name])}</ins>}
        </span>
      ))}
      {changed.length > 3 && <small>+{changed.length - 3}</small>}
    </div>
  );
}

const ACTIONS = Object.keys(auditWords).map((word) => word.replace('record.', ''));

/** Who changed what. */
export default function Audit() {
  const { t, language } = useLanguage();
  const [filters, set] = useFilters({ action: '', target: '', actor: '', from: '', to: '' });
  const { from = '', to = '', ...rest } = filters;
  const asked = { ...rest, since: dayEdge(from), until: dayEdge(to, true) };
  const list = useList<RecordView>('/audit', asked);
  const keys = useList<KeyView>('/keys');
  const name = (action: string) => {
    const word = `record.${action}`;
    return isWord(word) ? t(word) : action;
  };
  const columns: Column<RecordView>[] = [
    { name: t('ledger.at'), width: '11rem', cell: (one) => when(one.at, language) },
    {
      name: t('audit.what'),
      width: '10rem',
      cell: (one) => <span title={one.action}>{name(one.action)}</span>,
    },
    { name: t('audit.on'), cell: (one) => <small className="mono">{one.target}</small> },
    {
      name: t('audit.who'),
      cell: (one) => (
        <small className="mono">
          {keys.rows?.find((key) => key.id === one.actor)?.name ?? (one.user || one.actor)}{' '}
          {one.address}
        </small>
      ),
    },
    {
      name: t('audit.change'),
      width: 'minmax(0, 2fr)',
      cell: (one) => <Change before={one.before} after={one.after} />,
    },
  ];
  return (
    <Page
      title={t('nav.audit')}
      actions={
        <Button icon="download" onPress={() => saveCsv('/audit', asked)}>
          {t('do.csv')}
        </Button>
      }
    >
      <Filters
        values={[filters['target'], filters['actor'], from, to]}
        more={
          <>
            <Field
              label={t('audit.on')}
              value={filters['target'] ?? ''}
              onValue={(value) => set('target', value)}
            />
            <Field
              label={t('audit.who')}
              value={filters['actor'] ?? ''}
              onValue={(value) => set('actor', value)}
            />
            <Days
              from={from}
              to={to}
              onFrom={(date) => set('from', date)}
              onTo={(date) => set('to', date)}
            />
          </>
        }
      >
        <Select
          label={t('audit.what')}
          data-slash
          value={filters['action'] ?? ''}
          options={[['', t('is.all')], ...ACTIONS.map((one) => [one, name(one)] as const)]}
          onValue={(value) => set('action', value)}
        />
      </Filters>
      <Listing
        label={t('nav.audit')}
        icon="audit"
        empty={t('audit.none')}
        list={list}
        columns={columns}
        keyOf={(one) => one.id}
      />
    </Page>
  );
}
