import { useState, type SyntheticEvent } from 'react';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Field, Segments } from '../ui/field';
import { explainLogin, IssuerLogin } from './issuer-login';
import { Switches } from './switches';

/** The door: an API key, or a name with its password. */
export function Login() {
  const { t } = useLanguage();
  const { enterWithKey, enterWithPassword, expired } = useSession();
  const [way, setWay] = useState<'key' | 'password'>('key');
  const [key, setKey] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const enter = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFault(null);
    try {
      await (way === 'key' ? enterWithKey(key.trim()) : enterWithPassword(name.trim(), password));
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <form onSubmit={enter}>
        <img src="/favicon.svg" alt="" width="44" height="44" />
        <h1>{t('login.title')}</h1>
        <p>{t('login.lead')}</p>
        {expired && <p className="notice">{t('login.expired')}</p>}
        <Segments
          label={t('login.enter')}
          value={way}
          options={[
            ['key', t('login.key')],
            ['password', t('login.password.tab')],
          ]}
          onValue={setWay}
        />
        {way === 'key' ? (
          <Field
            key="key"
            label={t('login.key')}
            hint={t('login.keyHint')}
            type="password"
            placeholder="sk-…"
            autoComplete="off"
            spellCheck={false}
            autoFocus
            required
            value={key}
            onValue={setKey}
          />
        ) : (
          <>
            <Field
              key="name"
              label={t('login.name')}
              autoComplete="username"
              autoFocus
              required
              value={name}
              onValue={setName}
            />
            <Field
              key="password"
              label={t('login.password')}
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onValue={setPassword}
            />
          </>
        )}
        {fault !== null && (
          <p className="notice bad" role="alert">
            {explainLogin(fault, t)}
          </p>
        )}
        <Button kind="primary" type="submit" busy={busy}>
          {t('login.enter')}
        </Button>
        <IssuerLogin onFault={setFault} />
        <small>{t('login.kept')}</small>
      </form>
      <Switches />
    </main>
  );
}
