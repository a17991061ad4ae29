import { useState } from 'react';
import type { AccountView, UserView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { ConfirmDialog, Dialog } from '../ui/dialog';
import { Field, Select } from '../ui/field';
import { when } from '../ui/format';
import { Page } from '../ui/page';
import type { Column } from '../ui/table';
import { AccountSelect } from './account-select';
import { useChange, useList } from './desk';
import { ROLES } from './key-form';
import { Listing } from './listing';

/** People who log in by name and password. */
export default function Users() {
  const { t, language } = useLanguage();
  const { may } = useSession();
  const list = useList<UserView>('/users');
  const accounts = useList<AccountView>('/accounts');
  const change = useChange('/users');
  const [editing, setEditing] = useState<UserView | 'new' | null>(null);
  const [removing, setRemoving] = useState<UserView | null>(null);
  const names = new Map(accounts.rows?.map((one) => [one.id, one.name]));
  const columns: Column<UserView>[] = [
    { name: t('login.name'), width: 'minmax(0, 2fr)', cell: (one) => <strong>{one.name}</strong> },
    { name: t('key.role'), cell: (one) => t(`role.${one.role}`) },
    { name: t('key.account'), cell: (one) => names.get(one.account) ?? one.account },
    {
      name: t('user.login'),
      width: '7rem',
      cell: (one) => t(one.has_password || one.linked ? 'is.yes' : 'is.no'),
    },
    { name: t('key.created'), cell: (one) => when(one.created_at, language) },
  ];
  if (may('users')) {
    columns.push({
      name: '',
      width: '6rem',
      align: 'end',
      cell: (one) => (
        <div className="row">
          <IconButton label={t('do.edit')} icon="studio" onPress={() => setEditing(one)} />
          <IconButton label={t('do.remove')} icon="close" onPress={() => setRemoving(one)} />
        </div>
      ),
    });
  }
  const create = may('users') && (
    <Button kind="primary" icon="plus" onPress={() => setEditing('new')}>
      {t('user.new')}
    </Button>
  );
  return (
    <Page title={t('nav.users')} actions={create}>
      <Listing
        label={t('nav.users')}
        icon="users"
        empty={t('user.none')}
        emptyHint={t('user.noneText')}
        list={list}
        columns={columns}
        keyOf={(one) => one.id}
      />
      {editing && accounts.rows && (
        <UserForm
          of={editing === 'new' ? null : editing}
          accounts={accounts.rows}
          onClose={() => setEditing(null)}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={t('do.remove')}
          text={t('user.removeText', { name: removing.name })}
          label={t('do.remove')}
          onConfirm={() => change('DELETE', `/users/${removing.id}`)}
          onClose={() => setRemoving(null)}
        />
      )}
    </Page>
  );
}

function UserForm({
  of,
  accounts,
  onClose,
}: {
  of: UserView | null;
  accounts: AccountView[];
  onClose: () => void;
}) {
  const { t } = useLanguage();
  const change = useChange('/users');
  const [name, setName] = useState(of?.name ?? '');
  const [role, setRole] = useState<string>(of?.role ?? 'member');
  const [account, setAccount] = useState(of?.account ?? accounts[0]?.id ?? '');
  const [password, setPassword] = useState('');
  const save = async () => {
    const body = { role, account, ...(password ? { password } : {}) };
    await (of
      ? change('PATCH', `/users/${of.id}`, body)
      : change('POST', '/users', { ...body, name }));
    onClose();
  };
  return (
    <Dialog
      title={t(of ? 'user.edit' : 'user.new')}
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={!name.trim()} onPress={save}>
          {t(of ? 'do.save' : 'do.create')}
        </Button>
      }
    >
      <Field
        label={t('login.name')}
        disabled={Boolean(of)}
        autoComplete="off"
        value={name}
        onValue={setName}
      />
      <Select
        label={t('key.role')}
        value={role}
        options={ROLES.map((one) => [one, t(`role.${one}`)] as const)}
        onValue={setRole}
      />
      <AccountSelect accounts={accounts} value={account} onValue={setAccount} />
      <Field
        label={t('login.password')}
        type="password"
        autoComplete="new-password"
        hint={`${t('user.passwordHint')} ${of ? t('user.passwordKeep') : ''}`}
        value={password}
        onValue={setPassword}
      />
    </Dialog>
  );
}
