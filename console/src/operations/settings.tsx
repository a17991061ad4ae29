import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { call } from '../api/client';
import type { SettingView } from '../api/schema';
import { ADMIN } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Fault } from '../ui/fault';
import { Field, Switch } from '../ui/field';
import { Badge, Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { DataTable, type Column } from '../ui/table';
import './operations.css';

/** What this installation was told; to read, for it is set where gesso is started. */
export default function Settings() {
  const { t } = useLanguage();
  const [text, setText] = useState('');
  const [changed, setChanged] = useState(false);
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const found = useQuery({
    queryKey: ['settings'],
    queryFn: () => call<SettingView[]>('GET', `${ADMIN}/settings`),
  });
  const rows = found.data?.filter(
    (one) =>
      (!changed || one.is_set) && `${one.name} ${one.meaning}`.toLowerCase().includes(wanted),
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
      cell: (one) => <span lang="en">{one.meaning}</span>,
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

function Value({ of }: { of: SettingView }) {
  const { t } = useLanguage();
  if (of.secret) {
    return (
      <Badge tone={of.is_set ? 'good' : 'plain'}>
        {t(of.is_set ? 'settings.secretSet' : 'settings.unset')}
      </Badge>
    );
  }
  return (
    <span>
      <code>{of.value || t('settings.unset')}</code>{' '}
      {of.is_set && (
        <small>{t('settings.default', { value: of.default || t('settings.unset') })}</small>
      )}
    </span>
  );
}
