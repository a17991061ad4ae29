import { useState } from 'react';
import type { AccountView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Segments } from '../ui/field';
import { dollars } from '../ui/format';
import { Badge, Page } from '../ui/page';
import type { Column } from '../ui/table';
import { useChange, useList } from './desk';
import { Keys } from './keys';
import { Listing } from './listing';

/** Who pays, and with which keys. */
export default function Accounts() {
  const { t } = useLanguage();
  const { may } = useSession();
  const list = useList<AccountView>('/accounts');
  const change = useChange('/accounts');
  const [view, setView] = useState<'accounts' | 'keys'>('accounts');
  const [creating, setCreating] = useState(false);
  const [paying, setPaying] = useState<{ account: AccountView; way: 'top-up' | 'adjust' } | null>(
    null,
  );
  const columns: Column<AccountView>[] = [
    {
      name: t('account.name'),
      width: 'minmax(0, 2fr)',
      cell: (one) => (
        <>
          <strong>{one.name}</strong> <small className="mono">{one.id}</small>
        </>
      ),
    },
    { name: t('account.available'), align: 'end', cell: (one) => dollars(one.available.usd) },
    { name: t('account.held'), align: 'end', cell: (one) => dollars(one.held.usd) },
    {
      name: t('queue.status'),
      width: '7rem',
      cell: (one) => (
        <Badge tone={one.enabled ? 'good' : 'bad'}>
          {t(one.enabled ? 'account.enabled' : 'account.disabled')}
        </Badge>
      ),
    },
  ];
  if (may('accounts') || may('money')) {
    columns.push({
      name: '',
      width: '17rem',
      align: 'end',
      cell: (account) => (
        <div className="row">
          <Button className="small" onPress={() => setPaying({ account, way: 'top-up' })}>
            {t('account.topUp')}
          </Button>
          <Button className="small" onPress={() => setPaying({ account, way: 'adjust' })}>
            {t('account.adjust')}
          </Button>
          <Button
            className="small"
            onPress={() =>
              change('PATCH', `/accounts/${account.id}`, { enabled: !account.enabled })
            }
          >
            {t(account.enabled ? 'account.disable' : 'account.enable')}
          </Button>
        </div>
      ),
    });
  }
  const create = may('accounts') && (
    <Button kind="primary" icon="plus" onPress={() => setCreating(true)}>
      {t('account.new')}
    </Button>
  );
  return (
    <Page title={t('nav.accounts')} actions={view === 'accounts' && create}>
      <Segments
        label={t('nav.accounts')}
        value={view}
        options={[
          ['accounts', t('account.tab')],
          ['keys', t('account.keys')],
        ]}
        onValue={setView}
      />
      {view === 'accounts' ? (
        <Listing
          label={t('nav.accounts')}
          icon="account"
          empty={t('account.none')}
          list={list}
          columns={columns}
          keyOf={(one) => one.id}
        />
      ) : (
        <Keys accounts={list.rows ?? []} />
      )}
      {creating && <NewAccount onClose={() => setCreating(false)} />}
      {paying && <Pay {...paying} onClose={() => setPaying(null)} />}
    </Page>
  );
}

function NewAccount({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const change = useChange('/accounts');
  const [name, setName] = useState('');
  const save = async () => {
    await change('POST', '/accounts', { name });
    onClose();
  };
  return (
    <Dialog
      title={t('account.new')}
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={!name.trim()} onPress={save}>
          {t('do.create')}
        </Button>
      }
    >
      <Field label={t('account.name')} value={name} onValue={setName} />
    </Dialog>
  );
}

function Pay(props: { account: AccountView; way: 'top-up' | 'adjust'; onClose: () => void }) {
  const { account, way, onClose } = props;
  const { t } = useLanguage();
  const change = useChange('/accounts', '/ledger/entries');
  const [usd, setUsd] = useState('');
  const [reference, setReference] = useState('');
  const [note, setNote] = useState('');
  const adjusts = way === 'adjust';
  const save = async () => {
    const words = adjusts ? { reason: note } : { note };
    const body = { amount: { usd: usd.trim() }, ...words, ...(reference ? { reference } : {}) };
    await change('POST', `/accounts/${account.id}/${way}`, body);
    onClose();
  };
  return (
    <Dialog
      title={`${t(adjusts ? 'account.adjust' : 'account.topUp')}: ${account.name}`}
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={!usd.trim() || (adjusts && !note.trim())} onPress={save}>
          {t('do.confirm')}
        </Button>
      }
    >
      <Field
        label={t('account.amount')}
        hint={`${t('account.amountHint')} ${adjusts ? t('account.adjustHint') : ''}`}
        inputMode="decimal"
        placeholder={adjusts ? '-1.50' : '25.00'}
        value={usd}
        onValue={setUsd}
      />
      <Field
        label={t(adjusts ? 'account.reason' : 'account.note')}
        optional={!adjusts}
        value={note}
        onValue={setNote}
      />
      <Field
        label={t('account.reference')}
        hint={t('account.referenceHint')}
        optional
        value={reference}
        onValue={setReference}
      />
    </Dialog>
  );
}
