import { useState } from 'react';
import type { AccountView, KeyView, KeyWithSecret } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { ConfirmDialog, Dialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Filters } from '../ui/filters';
import { dollars } from '../ui/format';
import { Badge } from '../ui/page';
import type { Column } from '../ui/table';
import { AccountSelect } from './account-select';
import { useChange, useFilters, useList } from './desk';
import { KeyForm } from './key-form';
import { Listing } from './listing';
import { SecretDialog } from './secret-dialog';

type Open =
  | { what: 'form'; key: KeyView | null }
  | { what: 'rotate' | 'revoke'; key: KeyView }
  | { what: 'secret'; made: KeyWithSecret };

function stateOf(key: KeyView): 'revoked' | 'expired' | 'active' {
  if (key.revoked_at) return 'revoked';
  return key.expires_at && new Date(key.expires_at) < new Date() ? 'expired' : 'active';
}

/** Keys of all accounts or of one. */
export function Keys({ accounts }: { accounts: AccountView[] }) {
  const { t } = useLanguage();
  const { may } = useSession();
  const [filters, setFilter] = useFilters({ account: '' });
  const list = useList<KeyView>('/keys', filters);
  const change = useChange('/keys');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const names = new Map(accounts.map((one) => [one.id, one.name]));
  const columns: Column<KeyView>[] = [
    {
      name: t('key.name'),
      width: 'minmax(0, 2fr)',
      cell: (key) => (
        <>
          <strong>{key.name}</strong> <small className="mono">{key.hint}</small>
        </>
      ),
    },
    { name: t('key.account'), cell: (key) => names.get(key.account) ?? key.account },
    {
      name: t('key.role'),
      width: '9rem',
      cell: (key) => (
        <span className="row">
          {t(`role.${key.role}`)} {key.test && <Badge tone="wait">{t('key.test')}</Badge>}
        </span>
      ),
    },
    {
      name: t('key.spentShort'),
      width: '10rem',
      align: 'end',
      cell: (key) =>
        dollars(key.spent.usd) + (key.spend_limit ? ` / ${dollars(key.spend_limit.usd)}` : ''),
    },
    {
      name: t('queue.status'),
      width: '6rem',
      cell: (key) => (
        <Badge tone={stateOf(key) === 'active' ? 'good' : 'bad'}>{t(`key.${stateOf(key)}`)}</Badge>
      ),
    },
  ];
  if (may('keys')) {
    columns.push({
      name: '',
      width: '13rem',
      align: 'end',
      cell: (key) =>
        !key.revoked_at && (
          <div className="row">
            <IconButton
              label={t('do.edit')}
              icon="studio"
              onPress={() => setOpen({ what: 'form', key })}
            />
            <Button className="small" onPress={() => setOpen({ what: 'rotate', key })}>
              {t('key.rotate')}
            </Button>
            <Button
              className="small"
              kind="danger"
              onPress={() => setOpen({ what: 'revoke', key })}
            >
              {t('key.revoke')}
            </Button>
          </div>
        ),
    });
  }
  return (
    <>
      <Filters
        actions={
          may('keys') && (
            <Button kind="primary" icon="plus" onPress={() => setOpen({ what: 'form', key: null })}>
              {t('key.new')}
            </Button>
          )
        }
      >
        <AccountSelect
          all
          accounts={accounts}
          value={filters['account'] ?? ''}
          onValue={(value) => setFilter('account', value)}
        />
      </Filters>
      <Listing
        label={t('account.keys')}
        icon="key"
        empty={t('key.none')}
        list={list}
        columns={columns}
        keyOf={(key) => key.id}
      />
      {open?.what === 'form' && (
        <KeyForm
          of={open.key}
          accounts={accounts}
          onClose={close}
          onMade={(made) => setOpen({ what: 'secret', made })}
        />
      )}
      {open?.what === 'rotate' && (
        <Rotate
          of={open.key}
          onClose={close}
          onMade={(made) => setOpen({ what: 'secret', made })}
        />
      )}
      {open?.what === 'revoke' && (
        <ConfirmDialog
          title={t('key.revoke')}
          text={t('key.revokeText', { name: open.key.name })}
          label={t('key.revoke')}
          onConfirm={() => change('POST', `/keys/${open.key.id}/revoke`)}
          onClose={close}
        />
      )}
      {open?.what === 'secret' && (
        <SecretDialog name={open.made.key.name} secret={open.made.secret} onClose={close} />
      )}
    </>
  );
}

function Rotate(props: {
  of: KeyView;
  onClose: () => void;
  onMade: (made: KeyWithSecret) => void;
}) {
  const { t } = useLanguage();
  const change = useChange('/keys');
  const [hours, setHours] = useState('24');
  const rotate = async () => {
    const body = { overlap_s: Math.round(Number(hours) * 3600) };
    props.onMade(await change<KeyWithSecret>('POST', `/keys/${props.of.id}/rotate`, body));
  };
  return (
    <Dialog
      title={`${t('key.rotate')}: ${props.of.name}`}
      onClose={props.onClose}
      footer={
        <Button kind="primary" onPress={rotate}>
          {t('key.rotate')}
        </Button>
      }
    >
      <Field
        label={t('key.overlap')}
        hint={t('key.rotateHint')}
        type="number"
        min={0}
        max={720}
        value={hours}
        onValue={setHours}
      />
    </Dialog>
  );
}
