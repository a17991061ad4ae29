import { useState } from 'react';
import type { AccountView, KeyView, KeyWithSecret, Role } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Select, Switch } from '../ui/field';
import { AccountSelect } from './account-select';
import { useChange } from './desk';

export const ROLES: readonly Role[] = ['member', 'viewer', 'operator', 'admin'];

interface Props {
  of: KeyView | null;
  accounts: AccountView[];
  onClose: () => void;
  onMade: (made: KeyWithSecret) => void;
}

function names(text: string): string[] {
  return text
    .split(/[,\s]+/)
    .map((one) => one.trim())
    .filter(Boolean);
}

/** Creates a key, or changes the limits of one. */
export function KeyForm({ of, accounts, onClose, onMade }: Props) {
  const { t } = useLanguage();
  const change = useChange('/keys');
  const [account, setAccount] = useState(of?.account ?? accounts[0]?.id ?? '');
  const [role, setRole] = useState<string>(of?.role ?? 'member');
  const [test, setTest] = useState(false);
  const [text, setText] = useState({
    name: of?.name ?? '',
    limit: of?.spend_limit?.usd ?? '',
    rate: String(of?.rate_per_minute ?? ''),
    concurrency: String(of?.concurrency ?? ''),
    expires: of?.expires_at?.slice(0, 10) ?? '',
    actions: of?.actions.join(', ') ?? '',
    networks: of?.networks.join(', ') ?? '',
  });
  const set = (name: keyof typeof text) => (value: string) =>
    setText((now) => ({ ...now, [name]: value }));

  const save = async () => {
    const body = {
      name: text.name.trim() || 'key',
      role,
      spend_limit: text.limit ? { usd: text.limit.trim() } : null,
      rate_per_minute: text.rate ? Number(text.rate) : null,
      concurrency: text.concurrency ? Number(text.concurrency) : null,
      // A key works to the end of the day that was chosen.
      expires_at: text.expires ? new Date(`${text.expires}T23:59:59`).toISOString() : null,
      actions: names(text.actions),
      networks: names(text.networks),
    };
    if (of) {
      await change('PATCH', `/keys/${of.id}`, body);
      onClose();
    } else onMade(await change<KeyWithSecret>('POST', '/keys', { ...body, account, test }));
  };
  return (
    <Dialog
      title={of ? `${t('do.edit')}: ${of.name}` : t('key.new')}
      kind="side"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="primary" onPress={save}>
            {t(of ? 'do.save' : 'do.create')}
          </Button>
        </>
      }
    >
      <Field label={t('key.name')} value={text.name} onValue={set('name')} />
      {!of && <AccountSelect accounts={accounts} value={account} onValue={setAccount} />}
      <Select
        label={t('key.role')}
        value={role}
        options={ROLES.map((one) => [one, t(`role.${one}`)] as const)}
        onValue={setRole}
      />
      {!of && <Switch label={t('key.test')} hint={t('key.testHint')} on={test} onTurn={setTest} />}
      <div className="fields">
        <Field
          label={`${t('key.limit')} ($)`}
          optional
          inputMode="decimal"
          value={text.limit}
          onValue={set('limit')}
        />
        <Field
          label={t('key.expires')}
          optional
          type="date"
          value={text.expires}
          onValue={set('expires')}
        />
        <Field
          label={t('key.rate')}
          optional
          type="number"
          min={1}
          value={text.rate}
          onValue={set('rate')}
        />
        <Field
          label={t('key.concurrency')}
          optional
          type="number"
          min={1}
          value={text.concurrency}
          onValue={set('concurrency')}
        />
      </div>
      <Field
        label={t('key.actions')}
        hint={t('key.listHint')}
        placeholder="imagine, upscale"
        value={text.actions}
        onValue={set('actions')}
      />
      <Field
        label={t('key.networks')}
        hint={t('key.listHint')}
        placeholder="10.0.0.0/8"
        value={text.networks}
        onValue={set('networks')}
      />
    </Dialog>
  );
}
