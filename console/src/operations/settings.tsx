import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { call } from '../api/client';
import type { SettingView } from '../api/schema';
import { ADMIN } from '../api/session';
import chinese from '../i18n/zh/settings.json';
import { useLanguage } from '../i18n/language';
import { Fault } from '../ui/fault';
import { Field, Switch } from '../ui/field';
import { Badge, Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import './operations.css';

const SAID: Partial<Record<string, string>> = chinese;

/** What this installation was told; to read, for it is set where gesso is started. */
export default function Settings() {
  const { t, language } = useLanguage();
  const meaning = (one: SettingView) => (language === 'zh' && SAID[one.name]) || one.meaning;
  const [text, setText] = useState('');
  const [changed, setChanged] = useState(false);
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const found = useQuery({
    queryKey: ['settings'],
    queryFn: () => call<SettingView[]>('GET', `${ADMIN}/settings`),
  });
  const rows = found.data?.filter(
    (one) =>
      (!changed || one.is_set) &&
      `${one.name} ${one.meaning} ${meaning(one)}`.toLowerCase().includes(wanted),
  );
  const columns: Column<SettingView>[] = [
    {
      name: t('settings.name'),
      width: 'minmax(0, 1.4fr)',
      cell: (one) => <code className="setting">{one.name}</code>,
    },
    { name: t('settings.value'), cell: (one) => <Value of={one} /> },
    {
      name: t('settings.meaning'),
      width: 'minmax(0, 2.4fr)',
      cell: (one) => <Meaning text={meaning(one)} />,
    },
  ];
  return (
    <Page title={t('nav.settings')}>
      <p className="muted">{t('settings.lead')}</p>
      <div className="filters">
        <Field label={t('do.search')} type="search" data-slash value={text} onValue={setText} />
        <Switch label={t('settings.changed')} on={changed} onTurn={setChanged} />
      </div>
      {found.error && <Fault error={found.error} retry={() => void found.refetch()} />}
      {!found.data && !found.error && <Skeleton />}
      {rows?.length === 0 && <Empty icon="settings" title={t('settings.none')} />}
      {rows && rows.length > 0 && (
        <DataTable
          label={t('nav.settings')}
          columns={columns}
          rows={rows}
          keyOf={(one) => one.name}
        />
      )}
    </Page>
  );
}

/** A text in which names stand between backticks, as in the reference. */
function Meaning({ text }: { text: string }) {
  const parts = text.split('`');
  return (
    <span>{parts.map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}</span>
  );
}

function Value({ of }: { of: SettingView }) {
  const { t } = useLanguage();
  const written = (value: string) => {
    if (value === 'True' || value === 'False') return t(value === 'True' ? 'is.yes' : 'is.no');
    return value || t('settings.unset');
  };
  if (of.secret) {
    return (
      <Badge tone={of.is_set ? 'good' : 'plain'}>
        {t(of.is_set ? 'settings.secretSet' : 'settings.unset')}
      </Badge>
    );
  }
  return (
    <span>
      {of.value ? <code>{written(of.value)}</code> : <small>{t('settings.unset')}</small>}{' '}
      {of.is_set && <small>{t('settings.default', { value: written(of.default) })}</small>}
    </span>
  );
}
