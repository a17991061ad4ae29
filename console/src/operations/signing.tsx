import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client';
import type { AccountView, KeyView, SigningSecretView } from '../api/schema';
import { ADMIN, useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Field, Select } from '../ui/field';
import { when } from '../ui/format';
import { Fault } from '../ui/fault';
import { Skeleton } from '../ui/skeleton';
import { useChange, useList } from './desk';
import { SecretDialog } from './secret-dialog';

/** What signs the callbacks of a key or an account; a new one is drawn with an overlap. */
export function Signing() {
  const { t } = useLanguage();
  const accounts = useList<AccountView>('/accounts');
  const keys = useList<KeyView>('/keys');
  const [owner, setOwner] = useState('');
  const owners = [
    ...(accounts.rows ?? []).map((one) => [one.id, one.name] as const),
    ...(keys.rows ?? [])
      .filter((one) => !one.revoked_at)
      .map((one) => [one.id, `${one.name} ${one.hint}`] as const),
  ];
  const shown = owner || owners[0]?.[0];
  return (
    <section className="card" aria-label={t('signing.title')}>
      <h2>{t('signing.title')}</h2>
      <p className="muted">{t('signing.text')}</p>
      <div className="filters">
        <Select
          label={t('signing.owner')}
          value={shown ?? ''}
          options={owners}
          onValue={setOwner}
        />
      </div>
      {shown && <Secrets key={shown} owner={shown} />}
    </section>
  );
}

function Secrets({ owner }: { owner: string }) {
  const { t, language } = useLanguage();
  const { may } = useSession();
  const change = useChange('signing');
  const [hours, setHours] = useState('24');
  const [made, setMade] = useState('');
  const [removing, setRemoving] = useState(false);
  const path = `/signing-secrets/${encodeURIComponent(owner)}`;
  const found = useQuery({
    queryKey: ['signing', owner],
    queryFn: () => call<SigningSecretView[]>('GET', ADMIN + path),
  });
  if (found.error) return <Fault error={found.error} retry={() => void found.refetch()} />;
  const rotate = async () => {
    const body = { overlap_s: Math.round(Number(hours) * 3600) };
    const one = await change<SigningSecretView>('POST', `${path}/rotate`, body);
    setMade(one.secret ?? '');
  };
  return (
    <>
      {!found.data && <Skeleton shape="form" />}
      {found.data?.length === 0 && <p className="muted">{t('signing.none')}</p>}
      <ul className="stack">
        {found.data?.map((one) => (
          <li key={one.id} className="row">
            <code>{one.id}</code>
            <small>{when(one.created_at, language)}</small>
            {one.retires_at && (
              <small>{t('signing.retires', { at: when(one.retires_at, language) })}</small>
            )}
          </li>
        ))}
      </ul>
      {may('keys') && (
        <div className="filters">
          <Field
            label={t('key.overlap')}
            type="number"
            min={0}
            max={720}
            value={hours}
            onValue={setHours}
          />
          <Button onPress={rotate}>{t('signing.rotate')}</Button>
          {Boolean(found.data?.length) && (
            <Button kind="danger" onPress={() => setRemoving(true)}>
              {t('do.remove')}
            </Button>
          )}
        </div>
      )}
      {made && <SecretDialog name={t('signing.title')} secret={made} onClose={() => setMade('')} />}
      {removing && (
        <ConfirmDialog
          title={t('do.remove')}
          text={t('signing.removeText')}
          label={t('do.remove')}
          onConfirm={() => change('DELETE', path)}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}
